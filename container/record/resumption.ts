import type { Fragment } from '../../functions/core/media/types.ts';
import type { FileEnd } from './fileEnd.ts';
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
  /** How much later that is than the source's own times have it, since there is something in the file already. */
  readonly movedMs: number;
}

/**
 * Where a file goes on whose ffmpeg was started again.
 * @param atMs wall clock of the fragment's first frame
 * @param durationMs how long the file is
 */
export function resumption(
  first: Fragment,
  atMs: number,
  joins: RunJoin,
  durationMs: number,
  end: FileEnd,
): Resumption {
  const zeroAtMs = atMs - first.startMs;
  const gapMs = Math.max(0, atMs - end.atMs);
  const ownMs = durationMs + atMs - end.atMs;
  const isBehind = joins === 'seamless' || (joins === 'bySource' && end.goesOnWith(first, zeroAtMs));
  const positionMs = isBehind ? ownMs : durationMs + gapMs;
  const missingMs = Math.round(gapMs);
  const isGap = joins !== 'seamless' && (missingMs > 0 || joins === 'byClock');
  return {
    positionMs,
    gap: isGap ? { atMs: Math.round(positionMs - gapMs), durationMs: missingMs } : undefined,
    movedMs: joins === 'bySource' ? positionMs - ownMs : 0,
  };
}
