import type { MediaPlaylist } from './playlist.ts';

/** More often is no use, whatever a playlist says of its segments. */
const RELOAD_MIN_MS = 500;
const RELOAD_MAX_MS = 30_000;
const LIVE_START_SEGMENTS = 3;
const STALE_FACTOR = 3;

/**
 * When a playlist is to be loaded again, in ms from when it was asked for last: after a segment's time, or after half of
 * it when nothing had been added (RFC 8216, 6.3.4). Many announce a target that is far longer than their segments, and
 * would be out of reach by then.
 */
export function reloadAfterMs({ targetMs, segments }: MediaPlaylist, hasChanged: boolean): number {
  const segmentMs = Math.min(segments.at(-1)?.durationMs || targetMs, targetMs || RELOAD_MAX_MS);
  return Math.min(RELOAD_MAX_MS, Math.max(RELOAD_MIN_MS, hasChanged ? segmentMs : segmentMs / 2));
}

/** After how long without a new segment the stream is taken for lost. */
export function staleAfterMs({ targetMs }: MediaPlaylist, idleTimeoutMs: number): number {
  return Math.max(idleTimeoutMs, Math.min(RELOAD_MAX_MS, targetMs) * STALE_FACTOR);
}

/**
 * Index of the first segment to take: all of what has an end, else the third from the live edge, as players do.
 * @param further so many segments before that
 */
export function startIndex({ segments, isEnded }: MediaPlaylist, further = 0): number {
  return isEnded ? 0 : Math.max(0, segments.length - LIVE_START_SEGMENTS - further);
}
