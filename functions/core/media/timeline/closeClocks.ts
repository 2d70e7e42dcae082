import { type Epoch, newerThan, type Track } from './epochs.ts';
import { HELD_SAMPLES } from './trackTimes.ts';

/** Steps back within so much are jitter. */
export const BACK_MAX_MS = 500;
/** Times that are smaller have begun anew. */
export const ANEW_MS = 5_000;
export const HALF_A_FRAME_MS = 20;
/** A step back that is shorter is jitter, wherever it leads to. */
const AGAIN_MIN_SAMPLES = 2;

/** An AAC frame at 8 kHz lasts 128 ms. */
export const FRAME_MAX_MS = 150;

/** A clock that a track alone is on is others' too by then: pictures wait for a keyframe. */
export const JOINED_WITHIN_MS = 15_000;
/** A track that jumps after another may have been as far ahead of it. */
export const SKEW_MAX_MS = 1_000;

/** By what times are plausible the two cannot be told apart: a publisher began anew shortly after the one before him had begun. */
export const areClose = (one: Epoch, other: Epoch | undefined): boolean =>
  other !== undefined && Math.abs(one.shiftMs - other.shiftMs) < SKEW_MAX_MS;

/**
 * Whether a track is where it began, by its own time: no jitter, which steps back by as little, but another publisher,
 * whose time is as small, shortly after the one before him had begun.
 * @param own the track's epoch. @param rawMs turns of a counter included
 * @param held what other tracks begin with that nobody has placed yet, by their own times in ms
 * @param comesAsMade its times begin with zero; packagers of fragmented MP4 count from anywhere
 */
export function beginsAgain(
  track: Track,
  own: Epoch,
  rawMs: number,
  held: readonly number[],
  comesAsMade: boolean,
): boolean {
  const { times, turnsMs, beganMs, samples, before } = track;
  const sentMs = rawMs - turnsMs;
  // Of a publisher who has just gone there may have been one picture, in a server's cache: the next one's sound tells.
  const isTold = before === undefined && held.some((ms) => ms <= sentMs && ms < beganMs - FRAME_MAX_MS);
  // Those that were held back over a pause may be on a clock that is not theirs.
  if (!isTold && (samples <= HELD_SAMPLES || own.followers === 0)) return false;
  const jitterMs = isTold ? 0 : AGAIN_MIN_SAMPLES * times.usualMs;
  const isBack = rawMs + own.shiftMs < times.reachedMs - jitterMs;
  return isBack && sentMs < beganMs + times.usualMs && (!comesAsMade || Math.abs(sentMs) < ANEW_MS);
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
  const joined = newerClock(track, own, epochs, frontMs, rawMs, nowMs);
  if (joined !== undefined || behindMs(own, frontMs, rawMs) < HALF_A_FRAME_MS) track.unsureUntilMs = nowMs;
  return joined;
}

const behindMs = ({ shiftMs }: Epoch, frontMs: number, rawMs: number): number =>
  Math.abs(frontMs - rawMs - shiftMs);

function newerClock(
  track: Track,
  own: Epoch,
  epochs: readonly Epoch[],
  frontMs: number,
  rawMs: number,
  nowMs: number,
): Epoch | undefined {
  // Asked for nearly each sample, and nearly always it is so.
  if (epochs[0] === own) return undefined;
  const isUnsure = nowMs < track.unsureUntilMs;
  const isHeldBack = track.times.isHeldBack(rawMs + own.shiftMs, nowMs);
  const nearMs = Math.min(BACK_MAX_MS, behindMs(own, frontMs, rawMs));
  return newerThan(own, epochs).find(
    (one) =>
      (isUnsure || (areClose(one, own) && !isHeldBack)) &&
      one.followers > 0 &&
      behindMs(one, frontMs, rawMs) < nearMs,
  );
}
