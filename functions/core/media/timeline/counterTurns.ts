/** Counters at whose end it goes on at zero: RTMP's milliseconds, MPEG's 1/90,000 s. */
const COUNTERS_MS: readonly number[] = [2 ** 32, 2 ** 33 / 90];
/** Each jump of a clock may be counted as one; what is further away is no counter's. */
const TURNS_MAX = 2;

/** Whole turns of a counter that are about as long, in ms. */
export const turnsBy = (ms: number): number[] =>
  COUNTERS_MS.map((turnMs) => ({ turns: Math.round(ms / turnMs), turnMs }))
    .filter(({ turns }) => turns !== 0 && Math.abs(turns) <= TURNS_MAX)
    .map(({ turns, turnMs }) => turns * turnMs);
