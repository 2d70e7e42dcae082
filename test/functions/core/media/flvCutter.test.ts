import { describe, expect, it } from 'vitest';
import { FlvCutter } from '../../../../functions/core/media/flv/cutter.ts';
import { FLV_HEADER, type FlvTag, flvTags, writeFlv } from '../../../support/flvTags.ts';
import { AUDIO, byTime, configuration, flv, picture, runsOf, sound, times, VIDEO } from './cutRuns.ts';

describe('FlvCutter', () => {
  const heads = [configuration(VIDEO, 0, 1), configuration(AUDIO, 0)];

  it('begins a run with pictures that had only been announced: nobody knew their size', () => {
    const late = [
      configuration(VIDEO, 4_000, 2),
      ...times(4_800, 6_000).map((ms) => picture(ms, ms === 4_800)),
    ];
    const tags = byTime([...heads, ...times(0, 6_000).map(sound), ...late]);
    const [first, second, ...others] = runsOf(new FlvCutter(), [flv(tags)]).map(flvTags);
    expect(others).toEqual([]);
    expect(first?.filter(({ kind }) => kind === AUDIO).at(-1)?.atMs).toBe(4_800);
    const shown = second?.filter(({ kind }) => kind === VIDEO) ?? [];
    expect(shown.map(({ atMs }) => atMs)).toEqual([4_000, ...times(4_800, 6_000)]);
    expect(shown[0]?.body[4]).toBe(2);
  });

  it.each([
    { untilMs: 1_600, againFromMs: 0, lateMs: 1_600 },
    { untilMs: 1_200, againFromMs: 400, lateMs: 2_400 },
  ])('begins a run with pictures that come late also where the clock has begun anew: %o', (clock) => {
    const { untilMs, againFromMs, lateMs } = clock;
    const late = times(lateMs, 3_200).map((ms) => picture(ms, ms === lateMs));
    const before = [...heads, ...times(0, untilMs).map(sound)];
    const tags = [...before, ...byTime([...times(againFromMs, 3_200).map(sound), ...late])];
    const runs = runsOf(new FlvCutter(), [flv(tags)]).map(flvTags);
    const isShown = ({ kind, body }: FlvTag): boolean => kind === VIDEO && body[1] === 1;
    expect(runs.map((run) => run.filter(isShown).length)).toEqual([0, late.length]);
  });

  it('goes on with sound that was announced and comes late: its configuration says all', () => {
    const tags = byTime([
      ...heads,
      ...times(0, 6_000).map((ms) => picture(ms, ms % 1_000 === 0)),
      ...times(4_000, 6_000).map(sound),
    ]);
    expect(runsOf(new FlvCutter(), [flv(tags)])).toEqual([flv(tags)]);
  });

  it.each([3_600_000, -3_600_000])(
    'has both in one run when sound has a clock of its own, %i ms off',
    (offMs) => {
      const shift = (tag: FlvTag): FlvTag => ({ ...tag, atMs: (tag.atMs + offMs + 2 ** 32) % 2 ** 32 });
      const sent = times(0, 6_000).flatMap((ms) => [picture(ms, ms % 1_000 === 0), shift(sound(ms))]);
      const tags = [configuration(VIDEO, 0), shift(configuration(AUDIO, 0)), ...sent];
      expect(runsOf(new FlvCutter(), [flv(tags)])).toEqual([flv(tags)]);
    },
  );

  it.each([1, 7, 4_096])('goes on behind the header of another file, in pieces of %i bytes', (pieceBytes) => {
    const sent = (fromMs: number): FlvTag[] =>
      byTime(times(fromMs, fromMs + 1_000).flatMap((ms) => [picture(ms, ms === fromMs), sound(ms)]));
    const bytes = Buffer.concat([flv([...heads, ...sent(0)]), flv([...heads, ...sent(1_000)])]);
    const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
      bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
    );
    const all = [...heads, ...sent(0), ...heads, ...sent(1_000)];
    expect(runsOf(new FlvCutter(), pieces)).toEqual([flv(all)]);
  });

  it('says how long each tag is where its sender does not', () => {
    const tags = [...heads, picture(0, true), sound(0)];
    const silent = Buffer.concat([
      FLV_HEADER,
      ...tags.flatMap((tag) => [writeFlv([tag]).subarray(0, -4), Buffer.alloc(4)]),
    ]);
    expect(runsOf(new FlvCutter(), [silent])).toEqual([flv(tags)]);
  });

  it('leaves out what needs a configuration until that has come, and says how many pictures', () => {
    const cutter = new FlvCutter();
    const before = times(0, 400).flatMap((ms) => [picture(ms, false), sound(ms)]);
    const after = times(400, 800).flatMap((ms) => [picture(ms, ms === 400), sound(ms)]);
    const given = cutter.push(flv(before));
    expect(cutter.undecodable).toBe(10);
    expect(cutter.samples).toBe(0);
    expect(cutter.otherTracks).toEqual([
      { kind: 'video', codec: 'h264', reason: 'never_came' },
      { kind: 'audio', codec: 'aac', reason: 'never_came' },
    ]);
    given.push(...cutter.push(writeFlv([...heads, ...after])), ...cutter.end());
    expect(cutter.undecodable).toBe(0);
    expect(cutter.otherTracks).toEqual([]);
    expect(Buffer.concat(given.map(({ bytes }) => bytes))).toEqual(flv([...heads, ...after]));
  });

  it('hands on pictures and sound that say themselves how they are coded', () => {
    const annexB = { ...picture(0, true), body: Buffer.from([0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x67]) };
    const adts = { ...sound(0), body: Buffer.from([0xaf, 1, 0xff, 0xf1, 0x50]) };
    expect(runsOf(new FlvCutter(), [flv([annexB, adts])])).toEqual([flv([annexB, adts])]);
  });

  it('follows pictures that were away while a run began with new sound', () => {
    const tags = byTime([
      configuration(VIDEO, 0),
      ...times(0, 1_000).map((ms) => picture(ms, ms === 0)),
      configuration(AUDIO, 5_000),
      ...times(5_000, 12_000).map(sound),
      ...times(10_000, 12_000).map((ms) => picture(ms, ms === 10_000)),
    ]);
    const runs = runsOf(new FlvCutter(), [flv(tags)]).map(flvTags);
    const firsts = runs.map((run) => run.find(({ kind, body }) => kind === VIDEO && body[1] === 1)?.atMs);
    expect(firsts).toEqual([0, undefined, 10_000]);
  });
});
