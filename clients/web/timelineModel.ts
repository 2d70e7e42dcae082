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

/**
 * What was recorded when, in the order of time, without holes between: parts with their gaps, and what is missing
 * between parts. A part that is being recorded goes to `nowMs`.
 */
export function stretches(recording: Pick<Recording, 'parts'>, nowMs: number): Stretch[] {
  const found: Stretch[] = [];
  for (const part of recording.parts) {
    if (part.startTime === undefined) continue;
    const startMs = Date.parse(part.startTime);
    const endMs = Math.max(startMs, part.endTime === undefined ? nowMs : Date.parse(part.endTime));
    const before = found.at(-1);
    if (before !== undefined && startMs > before.endMs) {
      const cause = part.gapBeforeMs === undefined ? 'between two parts' : 'the recorder was replaced';
      found.push({ kind: 'missing', part: part.part, startMs: before.endMs, endMs: startMs, cause });
    }
    let atMs = 0;
    for (const gap of part.gaps ?? []) {
      const lostMs = Math.max(atMs, Math.min(gap.atMs, endMs - startMs));
      const backMs = Math.min(gap.atMs + gap.durationMs, endMs - startMs);
      if (lostMs > atMs) found.push(recorded(part.part, startMs, atMs, lostMs));
      if (backMs > lostMs) {
        found.push({
          kind: 'missing',
          part: part.part,
          startMs: startMs + lostMs,
          endMs: startMs + backMs,
          cause: 'the source was away',
        });
      }
      atMs = Math.max(atMs, backMs);
    }
    if (endMs - startMs > atMs) found.push(recorded(part.part, startMs, atMs, endMs - startMs));
  }
  return found;
}

function recorded(part: number, partStartMs: number, atMs: number, untilMs: number): Stretch {
  return { kind: 'recorded', part, startMs: partStartMs + atMs, endMs: partStartMs + untilMs, atMs };
}

export function totalMs(all: readonly Stretch[], kind: Stretch['kind']): number {
  return all.filter((one) => one.kind === kind).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
