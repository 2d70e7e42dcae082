import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelAndText } from '../../../container/source/complaints.ts';
import { ffmpegArguments, trackOutputs } from '../../../container/source/ffmpegArguments.ts';
import { SoundJumps, WITHOUT_JUMPS } from '../../../container/source/soundJumps.ts';
import { SourceTimeline } from '../../../functions/core/media/timeline/sourceTimeline.ts';
import { GivenBack, type TakenOff } from '../../../functions/core/media/timeline/takenOff.ts';
import { STORED_TIMELINE } from '../../../functions/core/media/timeline/timelineOptions.ts';
import { EncodedSound } from '../../../functions/core/media/tracks/encodedSound.ts';
import { LiveMedia } from '../../../functions/core/media/tracks/liveMedia.ts';
import type { Sample, TrackDescription } from '../../../functions/core/media/tracks/sample.ts';
import type { EncodingPlan } from '../../../functions/core/settings/formats.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { faultsOf, picturesOf } from '../../streams/check.ts';
import { makeRawMedia, type RawMedia, tagsOf } from '../../streams/media.ts';
import type { Story } from '../../streams/story.ts';
import { writerOf } from '../../streams/writers.ts';
import { MediaFolder } from '../../support/media.ts';
import { PartInMemory } from '../../support/parts.ts';

const PLAN: EncodingPlan = {
  format: 'mp4',
  audio: { encoder: 'aac', sampleRateHz: 44_100 },
  maps: ['0:v:0', '0:a:0'],
  leftOut: [],
};
const STREAMS = [
  { index: 0, kind: 'video', codec: 'h264' },
  { index: 1, kind: 'audio', codec: 'aac' },
] as const;

/** As many times each pipe is read: half a second at once. */
const READS = 18;
/** ffmpeg says it when it reads it, 3.7 s after the beginning. */
const TOLD_BEFORE = 7;

/** Eight frames last longer than the tenth of a second by which a resampler lets sound be off. */
const ROW_SAMPLES = 8 * 1_024;

/** What ffmpeg says. */
function jumpsIn(stderr: string): SoundJumps {
  const jumps = new SoundJumps();
  for (const line of stderr.split('\n')) jumps.readLine(levelAndText(line)[1]);
  return jumps;
}

describe('SoundJumps', () => {
  it('says what was taken off the times of sound, and from when on', () => {
    const jumping = `asetpts='PTS-if(gte(T,2),1.5/TB,0)-if(gte(T,4),2/TB,0)'`;
    const { stderr } = spawnSync(
      'ffmpeg',
      [
        ...['-nostdin', '-nostats', '-loglevel', 'level+info', '-f', 'lavfi', '-i', 'sine=r=48000:d=6'],
        ...['-af', `${jumping},asetpts='${WITHOUT_JUMPS}'`, '-f', 'null', '-'],
      ],
      { encoding: 'utf8' },
    );
    const { all } = jumpsIn(stderr);
    expect(all.map(({ ms }) => Math.round(ms))).toEqual([0, -1_500, -3_500]);
    expect(all.map(({ isAnew }) => isAnew)).toEqual([true, undefined, undefined]);
    expect(Math.abs((all[1]?.fromMs ?? 0) - 2_000)).toBeLessThan(25);
    expect(Math.abs((all[2]?.fromMs ?? 0) - 4_000)).toBeLessThan(25);
    const givenBack = new GivenBack(all);
    expect([1_000, 3_000, 5_000].map((ms) => Math.round(givenBack.next(ms) ?? Number.NaN))).toEqual([
      0, -1_500, -3_500,
    ]);
  });

  /** What is left of three seconds of a tone, as it is encoded. */
  const heard = (...filters: string[]): Buffer =>
    spawnSync('ffmpeg', [
      ...['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'sine=r=48000:samples_per_frame=1024:d=3'],
      ...['-af', [...filters, 'aresample=async=1'].join(','), '-f', 's16le', '-'],
    ]).stdout;

  it('leaves frames of one time whole', () => {
    const inRows = `asetpts='floor(N/${ROW_SAMPLES})*${ROW_SAMPLES}'`;
    const sent = heard();
    expect(sent).toHaveLength(3 * 2 * 48_000);
    expect(heard(inRows, `asetpts='${WITHOUT_JUMPS}'`).equals(sent)).toBe(true);
  });

  it.each([80, 150, 500, 930, 1_500])('a clock that goes back by %i ms costs no sound', (ms) => {
    const back = `asetpts='PTS-if(gte(N,60),${ms}/1000/TB,0)'`;
    expect(heard(back, `asetpts='${WITHOUT_JUMPS}'`).equals(heard())).toBe(true);
  });

  it('a clock that goes back behind frames of one time costs no sound', () => {
    const back = `asetpts='floor(N/${ROW_SAMPLES})*${ROW_SAMPLES}-if(gte(N,${2 * ROW_SAMPLES}),0.5/TB,0)'`;
    expect(heard(back, `asetpts='${WITHOUT_JUMPS}'`).equals(heard())).toBe(true);
  });

  it('takes no other line for one of its own', () => {
    const jumps = new SoundJumps();
    for (const line of ['frame=  1 fps=0.0', '  Duration: N/A, start: 0.000000', '12', 'nan'])
      expect(jumps.readLine(line)).toBe(false);
    expect(jumps.all).toEqual([]);
  });
});

describe('GivenBack', () => {
  const jump = (fromMs: number, ms: number): TakenOff => ({ fromMs, ms });
  const anew = (fromMs: number): TakenOff => ({ fromMs, ms: 0, isAnew: true });

  it('gives back what was taken off until sound that has changed comes out, also where that was told before', () => {
    const back = new GivenBack([anew(0), jump(2_000, -2_000), anew(1_000)]);
    const came = [0, 1_977, 2_000, 2_500, 2_977, 1_000, 1_977, 2_000, 2_500];
    expect(came.map((ms) => back.next(ms))).toEqual([0, 0, -2_000, -2_000, -2_000, 0, 0, 0, 0]);
  });

  it('does not take for a jump what ffmpeg says with the end of its input: nothing comes behind it', () => {
    const sound = new EncodedSound([anew(0), jump(2_000, -2_000), jump(4_000, -3_900)]);
    const timescale = 48_000;
    const description = { timescale } as TrackDescription;
    const data = Buffer.alloc(0);
    const timesOf = (samples: readonly Sample[]): number[] =>
      samples.map(({ dts }) => (dts * 1_000) / timescale);
    const push = (ms: number): number[] =>
      timesOf(sound.push({ description, dts: (ms * timescale) / 1_000, offset: 0, keyframe: true, data }));
    expect([1_980, 2_000, 2_021, 2_042].map(push)).toEqual([[1_980], [0], [21], [42]]);
    expect([3_970, 3_991].map(push)).toEqual([[1_970], []]);
    expect(timesOf(sound.end())).toEqual([1_991]);
  });

  it('holds the sample behind a jump until it is known that it is one', () => {
    const all = [anew(0), jump(2_000, -2_000)];
    const back = new GivenBack(all);
    expect([1_980, 1_995, 2_016, 2_038, 2_060].map((ms) => back.next(ms))).toEqual([
      0,
      undefined,
      undefined,
      -2_000,
      -2_000,
    ]);
  });

  it('gives back what is taken off behind that, and nothing of before', () => {
    const back = new GivenBack([anew(0), jump(2_000, 60_000), anew(63_000), jump(64_000, 5_000)]);
    expect([1_000, 2_000, 2_977, 63_000, 64_050].map((ms) => back.next(ms))).toEqual([
      0, 60_000, 60_000, 0, 5_000,
    ]);
  });
});

describe('sound that is encoded', () => {
  const folder = new MediaFolder();
  let media: RawMedia;
  beforeAll(() => {
    media = makeRawMedia(folder);
  }, 60_000);
  afterAll(() => folder.remove());

  const anew = { kind: 'anew', atMs: 3_700, awayMs: 0 } as const;
  it.each<{ when: string; happenings: Story['happenings']; toldBefore?: number }>([
    {
      when: 'after its publisher has begun anew, also where his pictures are read first',
      happenings: [anew],
    },
    { when: 'where it changes its rate after that', happenings: [anew, { kind: 'rate', atMs: 5_200 }] },
    { when: 'where ffmpeg has said so before any of it is read', happenings: [anew], toldBefore: 0 },
  ])('is in sync $when', async ({ happenings, toldBefore = TOLD_BEFORE }) => {
    const story: Story = { seed: 0, format: 'flv', packager: 'plain', isEncoded: true, happenings };
    // The publisher before has sent for half a minute.
    const sent = tagsOf(media, story).map((tag) =>
      tag.publisher === 0 ? { ...tag, atMs: tag.atMs + 30_000 } : tag,
    );
    const writer = writerOf('flv');
    const file = folder.write(
      'anew.flv',
      Buffer.concat([writer.begin([], sent[0]), ...sent.map((tag) => writer.write(tag))]),
    );
    const args = ffmpegArguments(
      { url: 'http://127.0.0.1/live.flv', settings: DEFAULT_SETTINGS, rejoins: false },
      { url: 'http://127.0.0.1/live.flv', options: [], isFed: false, others: [], hasSoundInside: true },
      PLAN,
    );
    const outputs = args
      .slice(args.indexOf('-i') + 2)
      .map((one) => (/^pipe:\d$/.test(one) ? folder.file(`${one.slice(5)}.nut`) : one));
    const { stderr } = spawnSync(
      'ffmpeg',
      ['-nostdin', '-nostats', '-loglevel', 'level+info', '-copyts', '-y', '-i', file, ...outputs],
      { encoding: 'utf8' },
    );
    const takenOff: TakenOff[] = [];
    const live = new LiveMedia(trackOutputs(PLAN, { streams: [...STREAMS], programs: [] }), 'mp4', {
      timeline: new SourceTimeline(STORED_TIMELINE),
      takenOff,
    });
    const pipes = [readFileSync(folder.file('1.nut')), readFileSync(folder.file('3.nut'))];
    for (let read = 0; read < READS; read++) {
      if (read === toldBefore) takenOff.push(...jumpsIn(stderr).all);
      for (const [pipe, bytes] of pipes.entries()) {
        const at = (part: number): number => Math.round((part * bytes.length) / READS);
        live.push(pipe, bytes.subarray(at(read), at(read + 1)), 0);
      }
    }
    let part: PartInMemory | undefined;
    for (let next = live.rest(0); next !== undefined; next = live.rest(0))
      if (part === undefined) part = new PartInMemory(live, [next]);
      else part.add(next);
    const record = folder.write('record.mp4', part?.finished() ?? Buffer.alloc(0));
    const durationMs = Number(
      execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', record]),
    );
    const recorded = [{ file: record, durationMs: durationMs * 1_000 }];
    expect(await faultsOf(recorded, sent, story, await picturesOf(media))).toEqual([]);
  });
});
