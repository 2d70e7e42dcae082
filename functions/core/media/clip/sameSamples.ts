import type { TimedSample } from './trackCut.ts';

/** What tells one picture from another: encoders seldom make two of one size, and never many of the same sizes in a row. */
export type SizedSample = Pick<TimedSample, 'bytes' | 'sync' | 'startMs'>;

/** Fewer of one size after the other may be chance. */
const COMPARED_MIN = 8;

/**
 * Where a later recording of the same stream begins in an earlier one, told by the sizes of what both have: clocks of two
 * hosts, and of what a server has kept for whoever comes, differ by as much as seconds.
 * @param earlier a track's samples in the order in which they are decoded, up to the end, or further than `later` goes
 * @param later the same track's, from its first one on
 * @param expectedMs where the clocks say that it begins, in the earlier one's media time: of several places the nearest is meant
 * @returns the later one's zero in the earlier one's media time; undefined where the two have too little in common
 */
export function zeroOfLaterMs(
  earlier: readonly SizedSample[],
  later: readonly SizedSample[],
  expectedMs: number,
): number | undefined {
  const [first] = later;
  if (first?.sync !== true) return undefined;
  const zeros = earlier.flatMap((sample, place) =>
    sample.sync && isSame(earlier, place, later) ? [sample.startMs - first.startMs] : [],
  );
  const distance = (zeroMs: number): number => Math.abs(zeroMs - expectedMs);
  return zeros.sort((one, other) => distance(one) - distance(other))[0];
}

/** The first one may have parameter sets with it that the other has not, and what came last may be cut short. */
function isSame(earlier: readonly SizedSample[], place: number, later: readonly SizedSample[]): boolean {
  const count = Math.min(earlier.length - place, later.length) - 1;
  if (count - 1 < COMPARED_MIN) return false;
  for (let at = 1; at < count; at++) if (earlier[place + at]?.bytes !== later[at]?.bytes) return false;
  return true;
}
