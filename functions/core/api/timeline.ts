import { alignedParts } from '../state/alignedParts.ts';
import { latestProgress, type PartObjects, type RecordingObjects } from '../state/fold.ts';

/** Why nothing was recorded. */
export const GAP_CAUSES = ['source_lost', 'recorder_lost', 'hand_over'] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** A stretch of a recording: recorded in a part, or missing before it. Wall clock in epoch milliseconds. */
export interface Stretch {
  readonly kind: 'recorded' | 'missing';
  /** That it is in; of what is missing between parts the one after it, or at the end the last one. */
  readonly part: number;
  readonly startTimeMs: number;
  /** Undefined while it is being recorded, and nothing has been told of it yet. */
  readonly endTimeMs: number | undefined;
  /** Where it begins in the part's own media time; undefined for what lies in none. */
  readonly atMs: number | undefined;
  readonly cause: GapCause | undefined;
}

/** Of clocks and rounding, and no gap. */
const JOINED_MS = 100;

/**
 * When what was recorded, in the order of time and without holes: parts with their gaps, and what is missing between them
 * and after a recorder that was lost. What two attempts both have is told once, by the later one.
 */
export function stretchesOf(objects: RecordingObjects): Stretch[] {
  const parts = [...alignedParts(objects).values()]
    .filter(({ open, final }) => open !== undefined && final?.bytes !== 0)
    .sort((one, other) => attemptOf(one) - attemptOf(other) || numberOf(one) - numberOf(other));
  const found: Stretch[] = [];
  for (const [place, part] of parts.entries()) {
    const before = parts[place - 1];
    const beforeEndMs = found.at(-1)?.endTimeMs;
    const startTimeMs = startOf(part);
    const later = parts.filter((one) => attemptOf(one) > attemptOf(part));
    const untilMs = Math.min(endOf(objects, part), ...later.map(startOf));
    if (untilMs <= startTimeMs) continue;
    if (before !== undefined && beforeEndMs !== undefined && startTimeMs - beforeEndMs > JOINED_MS)
      found.push(missing(part, beforeEndMs, startTimeMs, causeBetween(objects, before, part)));
    found.push(...within(part, Math.max(startTimeMs, beforeEndMs ?? 0), untilMs));
  }
  const last = parts.at(-1);
  const { recovered = false, estimatedLossMs = 0 } = last?.final ?? {};
  const lastEndMs = found.at(-1)?.endTimeMs;
  if (last !== undefined && recovered && estimatedLossMs > 0 && lastEndMs !== undefined)
    found.push(missing(last, lastEndMs, lastEndMs + estimatedLossMs, 'recorder_lost'));
  return found;
}

/** Sum of a kind's stretches, those that still grow left out. */
export function totalMs(stretches: readonly Stretch[], kind: Stretch['kind']): number {
  return stretches
    .filter((one) => one.kind === kind)
    .reduce((sum, { startTimeMs, endTimeMs = startTimeMs }) => sum + endTimeMs - startTimeMs, 0);
}

/** A part's own stretches between two times. */
function within(part: PartObjects, fromMs: number, untilMs: number): Stretch[] {
  const found: Stretch[] = [];
  const zeroMs = startOf(part);
  const number = numberOf(part);
  let atMs = fromMs;
  const push = (endMs: number, cause?: GapCause): void => {
    if (endMs <= atMs) return;
    found.push({
      kind: cause === undefined ? 'recorded' : 'missing',
      part: number,
      startTimeMs: atMs,
      endTimeMs: Number.isFinite(endMs) ? endMs : undefined,
      atMs: atMs - zeroMs,
      cause,
    });
    atMs = endMs;
  };
  for (const gap of part.final?.gaps ?? []) {
    push(Math.min(untilMs, Math.round(zeroMs + gap.atMs)));
    push(Math.min(untilMs, Math.round(zeroMs + gap.atMs + gap.durationMs)), 'source_lost');
  }
  push(untilMs);
  return found;
}

function missing(part: PartObjects, startTimeMs: number, endTimeMs: number, cause: GapCause): Stretch {
  return { kind: 'missing', part: numberOf(part), startTimeMs, endTimeMs, atMs: undefined, cause };
}

/** A recorder that did not end its part was lost; one that was told to go handed over, or could not. */
function causeBetween({ attempts }: RecordingObjects, before: PartObjects, after: PartObjects): GapCause {
  if (attemptOf(before) === attemptOf(after)) return 'source_lost';
  if (before.final?.recovered === true) return 'recorder_lost';
  const end = attempts.get(attemptOf(before))?.end;
  return end?.reason.code === 'interrupted' ? 'hand_over' : 'recorder_lost';
}

const startOf = ({ open }: PartObjects): number => Math.round(open?.startTimeMs ?? 0);
const attemptOf = ({ open }: PartObjects): number => open?.attempt ?? 0;
const numberOf = ({ open }: PartObjects): number => open?.part ?? 0;

/** Infinity for one that is being recorded, and of which no heartbeat has told yet. */
function endOf(objects: RecordingObjects, { open, final, moved }: PartObjects): number {
  const startTimeMs = open?.startTimeMs ?? 0;
  // What was read to give the record its index is exact.
  if (moved?.durationMs !== undefined) return Math.round(startTimeMs + moved.durationMs);
  if (final !== undefined) return Math.round(final.endTimeMs);
  const progress = latestProgress(objects);
  return progress !== undefined && progress.atMs > startTimeMs ? progress.atMs : Number.POSITIVE_INFINITY;
}
