/** Longer than a segment lasts, and than a request is on its way. */
const MARGIN_MS = 5 * 60_000;

/**
 * For how long an object of the journal stays for whoever watches: a player may ask for a segment that has left the list
 * for as long as the longest list that had it (RFC 8216, 6.2.2). 0 where nobody watches.
 */
export const keptForPlaybackMs = (liveWindowMs: number): number =>
  liveWindowMs === 0 ? 0 : 2 * liveWindowMs + MARGIN_MS;
