import type { Recording } from '../typescript/client.ts';

/** A stretch of a recording in wall-clock time: recorded, or missing and why. Everything here is pure. */
export interface Stretch {
  readonly kind: 'recorded' | 'missing';
  /** The part that it is in, or for what is missing between parts the one after it. */
  readonly part: number;
  readonly startMs: number;
  readonly endMs: number;
  /** In words, for what is missing. */
  readonly cause?: string;
  /** Where a recorded stretch begins in its part's own time. */
  readonly atMs?: number;
}

const CAUSES = {
  source_lost: 'the source was away',
  recorder_lost: 'the recorder was lost',
  hand_over: 'the recorder was replaced',
} as const;

/** What was recorded when, as the API tells it. What is being recorded goes to `nowMs`. */
export function stretches({ timeline }: Pick<Recording, 'timeline'>, nowMs: number): Stretch[] {
  return (timeline?.stretches ?? []).map(({ kind, part, startTime, endTime, atMs, cause }) => {
    const startMs = Date.parse(startTime);
    return {
      kind,
      part,
      startMs,
      endMs: Math.max(startMs, endTime === undefined ? nowMs : Date.parse(endTime)),
      ...(cause === undefined ? {} : { cause: CAUSES[cause] }),
      ...(atMs === undefined ? {} : { atMs }),
    };
  });
}

export function totalMs(all: readonly Stretch[], kind: Stretch['kind']): number {
  return all.filter((one) => one.kind === kind).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

/** Where a time of a part is shown in a stream of all parts, which leaves out what is missing. In seconds. */
export function secondsOf(all: readonly Stretch[], stretch: Stretch, atMs: number): number {
  const before = all.slice(0, all.indexOf(stretch));
  return (totalMs(before, 'recorded') + atMs - (stretch.atMs ?? 0)) / 1000;
}

/** The recorded stretch that has a time of the wall clock, or the next one, and the time in its part. */
export function placeOf(all: readonly Stretch[], clockMs: number): [Stretch, number] | undefined {
  const recorded = all.filter(({ kind }) => kind === 'recorded');
  const stretch = recorded.find(({ endMs }) => clockMs < endMs) ?? recorded.at(-1);
  if (stretch === undefined) return undefined;
  const intoMs = Math.min(Math.max(clockMs, stretch.startMs), stretch.endMs) - stretch.startMs;
  return [stretch, (stretch.atMs ?? 0) + intoMs];
}

/**
 * Wall clock of what is shown; undefined for what is in no stretch.
 * @param part whose record is played; undefined: it is a stream of all parts
 */
export function clockOf(
  all: readonly Stretch[],
  part: number | undefined,
  seconds: number,
): number | undefined {
  if (part !== undefined) {
    const first = all.find((one) => one.part === part && one.atMs !== undefined);
    return first === undefined ? undefined : first.startMs - (first.atMs ?? 0) + seconds * 1000;
  }
  let leftMs = seconds * 1000;
  for (const { kind, startMs, endMs } of all) {
    if (kind === 'missing') continue;
    if (leftMs <= endMs - startMs) return startMs + leftMs;
    leftMs -= endMs - startMs;
  }
  return all.findLast(({ kind }) => kind === 'recorded')?.endMs;
}
