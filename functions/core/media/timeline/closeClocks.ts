import { type Epoch, newerThan, type Track } from './epochs.ts';
import { HELD_SAMPLES } from './trackTimes.ts';

/** Steps back within so much are jitter. */
export const BACK_MAX_MS = 500;
/** Times that are smaller have begun anew. */
export const ANEW_MS = 5_000;
export const HALF_A_FRAME_MS = 20;
/** A step back that is shorter is jitter, wherever it leads to. */
const AGAIN_MIN_SAMPLES = 2;

/** A track that jumps after another may have been as far ahead of it. */
export const SKEW_MAX_MS = 1_000;

/** By what times are plausible the two cannot be told apart: a publisher began anew shortly after the one before him had begun. */
export const areClose = (one: Epoch, other: Epoch | undefined): boolean =>
  other !== undefined && Math.abs(one.shiftMs - other.shiftMs) < SKEW_MAX_MS;

/**
 * Whether a track is where it began, by its own time: no jitter, which steps back by as little, but another publisher,
 * whose time is as small, shortly after the one before him had begun.
 * @param own the track's epoch. @param rawMs turns of a counter included
 */
export function beginsAgain({ times, turnsMs, beganMs, samples }: Track, own: Epoch, rawMs: number): boolean {
  // Those that were held back over a pause may be on a clock that is not theirs.
  if (samples <= HELD_SAMPLES) return false;
  const sentMs = rawMs - turnsMs;
  const isBack = rawMs + own.shiftMs < times.reachedMs - AGAIN_MIN_SAMPLES * times.usualMs;
  return isBack && own.followers > 0 && sentMs < beganMs + times.usualMs && Math.abs(sentMs) < ANEW_MS;
}

/**
 * The newer clock on which a track is, where by the clock alone it might be on its own. One that has begun far behind
 * others: what a publisher sends before his first keyframe is taken for late until that comes, with the same times. Or one
 * whose own clock is close to the newer one.
 * @param frontMs the latest time of all tracks
 */
export function joinedClock(
  track: Track,
  own: Epoch,
  epochs: readonly Epoch[],
  frontMs: number,
  rawMs: number,
  nowMs: number,
): Epoch | undefined {
  const isUnsure = nowMs < track.unsureUntilMs;
  const behindMs = (epoch: Epoch): number => Math.abs(frontMs - rawMs - epoch.shiftMs);
  const isHeldBack = track.times.isHeldBack(rawMs + own.shiftMs, nowMs);
  const joined = newerThan(own, epochs).find(
    (one) =>
      (isUnsure || (areClose(one, own) && !isHeldBack)) &&
      one.followers > 0 &&
      behindMs(one) < Math.min(BACK_MAX_MS, behindMs(own)),
  );
  if (joined !== undefined || behindMs(own) < HALF_A_FRAME_MS) track.unsureUntilMs = nowMs;
  return joined;
}
