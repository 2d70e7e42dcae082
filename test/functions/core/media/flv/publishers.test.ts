import { describe, expect, it } from 'vitest';
import { FlvCutter } from '../../../../../functions/core/media/flv/cutter.ts';
import { Publishers } from '../../../../../functions/core/media/flv/publishers.ts';
import { SentClocks } from '../../../../../functions/core/media/timeline/sentClocks.ts';
import { LIVE_TIMELINE } from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import { FLV_HEADER, type FlvTag, writeFlv } from '../../../../support/flvTags.ts';
import { AUDIO, byTime, configuration, picture, sound, times, VIDEO } from '../cutRuns.ts';

/** A tag, and when it is sent. */
interface Sent {
  readonly tag: FlvTag;
  readonly atMs: number;
}

const pictures = (fromMs: number, untilMs: number): FlvTag[] =>
  times(fromMs, untilMs).map((ms) => picture(ms, ms === fromMs));

/** Sent as they are made, by a publisher who began then. */
const from = (beganMs: number, tags: readonly FlvTag[]): Sent[] =>
  byTime(tags).map((tag) => ({ tag, atMs: beganMs + tag.atMs }));

/** What is added to the times of each kind on each clock that it has been on. */
function shiftsOf(sent: readonly Sent[]): Record<'video' | 'audio', number[]> {
  const cutter = new FlvCutter();
  const clocks = new SentClocks(LIVE_TIMELINE);
  cutter.push(Buffer.from(FLV_HEADER));
  for (const { tag, atMs } of sent) {
    cutter.push(writeFlv([tag]));
    for (const one of cutter.takeSent()) clocks.see(one, atMs);
  }
  const of = (kind: 'video' | 'audio'): number[] => clocks.stretchesOf(kind).map(({ shiftMs }) => shiftMs);
  return { video: of('video'), audio: of('audio') };
}

describe('Publishers', () => {
  const before = from(0, [configuration(VIDEO, 0), ...pictures(0, 680)]);

  it('tell by configurations who begins anew shortly after the one before, with sound that comes for the first time', () => {
    const heads = [configuration(VIDEO, 0), configuration(AUDIO, 280)];
    const next = [...heads, ...times(280, 4_000).map(sound), ...pictures(340, 4_060)];
    const { video, audio } = shiftsOf([...before, ...from(680, next)]);
    expect(video).toHaveLength(2);
    expect(audio).toEqual([video[1]]);
    expect(Math.abs((video[1] ?? 0) - 380)).toBeLessThan(40);
  });

  it('tell who begins anew with pictures and sound that both step back by no more than jitter does', () => {
    const both = (fromMs: number, untilMs: number): FlvTag[] => [
      ...[configuration(VIDEO, 0), configuration(AUDIO, 0)],
      ...[...pictures(fromMs, untilMs), ...times(fromMs, untilMs).map(sound)],
    ];
    const { video, audio } = shiftsOf([...from(0, both(80, 480)), ...from(480, both(240, 4_000))]);
    expect(video).toHaveLength(2);
    expect(audio).toEqual(video);
  });

  it('are not told by the configurations of a server that stamps all of them with zero', () => {
    const stamped = times(0, 4_000).flatMap((ms) => {
      const heads = ms % 400 === 200 ? [configuration(VIDEO, 0), configuration(AUDIO, 0)] : [];
      // A muxer has sound 200 ms behind the pictures.
      const both = ms < 200 ? [picture(ms, true)] : [picture(ms, true), sound(ms - 200)];
      return [...heads, ...both].map((tag) => ({ tag, atMs: ms }));
    });
    expect(shiftsOf(stamped)).toEqual({ video: [0], audio: [0] });
  });

  it('are not told by a configuration behind a picture that is stamped far ahead', () => {
    const publishers = new Publishers();
    for (const ms of [0, 40, 3_600_000]) publishers.of('video', ms);
    publishers.configure('video', 80);
    expect([120, 160].map((ms) => publishers.of('video', ms))).toEqual([0, 0]);
  });

  it.each([
    { what: 'behind which pictures go on', next: [2_080, 1_800] },
    { what: 'which pictures do not go back to', next: [1_800], fromMs: 100_000 },
  ])('are not told by a configuration $what', ({ next, fromMs = 0 }) => {
    const publishers = new Publishers();
    for (const ms of [2_000, 2_040]) publishers.of('video', fromMs + ms);
    publishers.configure('video', 0);
    expect(next.map((ms) => publishers.of('video', fromMs + ms))).toEqual(next.map(() => 0));
  });
});
