import type { Fragment } from '../../functions/core/media/types.ts';
import type { RunJoin } from './inputTimeline.ts';

/** What is missing in a file. */
export interface Gap {
  /** In the file's own time. */
  readonly atMs: number;
  readonly durationMs: number;
}

export interface Resumption {
  /** Where the fragment is to be in the file. */
  readonly positionMs: number;
  readonly gap: Gap | undefined;
}

/** Between what a source says of its times and those of its samples. */
const ROUNDING_MS = 20;

/**
 * Where a file goes on whose ffmpeg was started again.
 * @param atMs wall clock of the fragment's first frame
 * @param file how long it is, and the wall clock of its end
 */
export function resumption(
  first: Fragment,
  atMs: number,
  joins: RunJoin,
  file: { readonly durationMs: number; readonly endAtMs: number },
): Resumption {
  const { durationMs, endAtMs } = file;
  const gapMs = Math.max(0, atMs - endAtMs);
  const isBehind = joins === 'seamless' || (joins === 'bySource' && picturesGoOn(first, atMs, endAtMs));
  const positionMs = isBehind ? durationMs + atMs - endAtMs : durationMs + gapMs;
  const missingMs = Math.round(gapMs);
  const isGap = joins !== 'seamless' && (missingMs > 0 || joins === 'byClock');
  return {
    positionMs,
    gap: isGap ? { atMs: Math.round(positionMs - gapMs), durationMs: missingMs } : undefined,
  };
}

/**
 * Tracks do not end together: what goes on right behind one of them may begin before the end of another. Sound that has
 * ended before the pictures goes on there, if they go on behind what there is of them.
 */
function picturesGoOn({ startMs, picturesFromMs }: Fragment, atMs: number, endAtMs: number): boolean {
  if (picturesFromMs === undefined) return false;
  return atMs + picturesFromMs - startMs >= endAtMs - ROUNDING_MS;
}
