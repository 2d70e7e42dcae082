import { expect } from 'vitest';
import type { Jump } from '../../../../../functions/core/media/timeline/epochs.ts';
import type { RawTime } from '../../../../../functions/core/media/timeline/sampleTimes.ts';
import { SourceTimeline } from '../../../../../functions/core/media/timeline/sourceTimeline.ts';
import type { TimelineOptions } from '../../../../../functions/core/media/timeline/timelineOptions.ts';

export const VIDEO = 'video';
export const SOUND = 'sound';
const TIMESCALES = { [VIDEO]: 90_000, [SOUND]: 48_000 } as const;
const FRAME_MS = { [VIDEO]: 40, [SOUND]: (1_024 / 48_000) * 1_000 } as const;

export type TrackName = keyof typeof FRAME_MS;

export interface Sent {
  readonly track: TrackName;
  /** When it was made, in ms since the beginning. */
  readonly trueMs: number;
  readonly rawMs: number;
  readonly arrivedAtMs: number;
}

/** All samples of so many seconds, in the order in which they were made. */
export function made(seconds: number): Sent[] {
  const tracks: readonly TrackName[] = [VIDEO, SOUND];
  return tracks
    .flatMap((track): Sent[] =>
      Array.from({ length: Math.floor((seconds * 1_000) / FRAME_MS[track]) }, (_, i) => {
        const trueMs = i * FRAME_MS[track];
        return { track, trueMs, rawMs: trueMs, arrivedAtMs: trueMs };
      }),
    )
    .sort((a, b) => a.trueMs - b.trueMs);
}

export interface Placed extends Sent {
  readonly placedMs: number;
}

export function place(sent: readonly Sent[], options?: TimelineOptions): { placed: Placed[]; jumps: Jump[] } {
  const timeline = new SourceTimeline(options);
  const jumps: Jump[] = [];
  let nowMs = 0;
  const placed = sent.map((sample) => {
    nowMs = Math.max(nowMs, sample.arrivedAtMs);
    const timescale = TIMESCALES[sample.track];
    const dts = Math.round((sample.rawMs * timescale) / 1_000);
    const mended = timeline.place({ track: sample.track, dts, timescale }, nowMs);
    if (mended.jump !== undefined) jumps.push(mended.jump);
    return { ...sample, placedMs: (mended.dts / timescale) * 1_000 };
  });
  return { placed, jumps };
}

export interface Recorded extends Placed {
  readonly recordedAtMs: number;
}

/** What holds samples back until it is known where they belong. */
interface Holder {
  holds(time: RawTime, nowMs: number): boolean;
  hold(sent: Sent): void;
  release(nowMs: number, isEnd?: boolean): readonly Sent[];
}

/**
 * Samples as a recording gets them, in the order in which it does.
 * @param endMs when what is held is let go; undefined: never
 */
export function record(
  sent: readonly Sent[],
  options: TimelineOptions,
  holderOf: (timeline: SourceTimeline) => Holder,
  endMs: number | undefined,
): Recorded[] {
  const timeline = new SourceTimeline(options);
  const holder = holderOf(timeline);
  const recorded: Recorded[] = [];
  const timeOf = ({ track, rawMs }: Sent) => ({ track, dts: Math.round(rawMs * 90), timescale: 90_000 });
  const take = (one: Sent, nowMs: number): void => {
    const { dts } = timeline.place(timeOf(one), nowMs);
    recorded.push({ ...one, placedMs: dts / 90, recordedAtMs: nowMs });
  };
  for (const one of sent) {
    if (holder.holds(timeOf(one), one.arrivedAtMs)) holder.hold(one);
    else take(one, one.arrivedAtMs);
    for (const held of holder.release(one.arrivedAtMs)) take(held, one.arrivedAtMs);
  }
  if (endMs !== undefined) for (const held of holder.release(endMs, true)) take(held, endMs);
  return recorded;
}

export function expectMonotone(placed: readonly Placed[]): void {
  for (const track of [VIDEO, SOUND]) {
    const times = placed.filter((one) => one.track === track).map(({ placedMs }) => placedMs);
    expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true);
  }
}

/** How far a sample is from where it belongs, in ms. */
export const offBy = ({ placedMs, trueMs }: Placed): number => placedMs - trueMs;

export function lastOf(placed: readonly Placed[], track: TrackName): Placed {
  const found = placed.findLast((one) => one.track === track);
  if (found === undefined) throw new Error('no sample');
  return found;
}
