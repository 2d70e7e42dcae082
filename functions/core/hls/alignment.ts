import type { MediaSegment } from './playlist.ts';

/** A segment that was taken before. */
export interface TakenSegment {
  readonly sequence: bigint;
  readonly uri: string;
  readonly offset: number;
}

/** What of a playlist that was loaded again has not been taken yet. */
export type Alignment =
  /** All from the index on; what was taken before is followed by it, but for `missed` segments. */
  | { readonly kind: 'continues'; readonly from: number; readonly missed: number }
  /** Numbers have begun again, and names are new: it is another stream from the index on. */
  | { readonly kind: 'restarted'; readonly from: number };

/** Numbers and names disagree: the content of the segment at the index says whether it is the one that was taken. */
export interface Doubtful<T extends TakenSegment = TakenSegment> {
  readonly kind: 'doubtful';
  readonly index: number;
  readonly taken: T;
}

/**
 * Where a playlist goes on. Media sequence numbers say it, and the segments' names bear witness: an encoder that was
 * started again counts from zero, one that is behind a stale cache seems to, and some playlists have no numbers at all.
 * @param taken oldest first, the latest ones
 */
export function align<T extends TakenSegment>(
  taken: readonly T[],
  segments: readonly MediaSegment[],
): Alignment | Doubtful<T> {
  const last = taken.at(-1);
  const [first] = segments;
  if (last === undefined || first === undefined) return { kind: 'continues', from: 0, missed: 0 };
  const place = placeIn(segments, taken);
  const found = place(taken.length - 1);
  if (found !== undefined) return { kind: 'continues', from: found + 1, missed: 0 };
  const at = last.sequence - first.sequence;
  if (at < 0n) return { kind: 'continues', from: 0, missed: clamp(-at - 1n) };
  // What should be the last one is another one, or there are no such numbers any more.
  for (let at = taken.length - 2; at >= 0; at--) {
    const index = place(at);
    if (index !== undefined) return { kind: 'doubtful', index, taken: taken[at] as T };
  }
  const numbered = taken.findLast(({ sequence }) => isWithin(sequence, segments));
  if (numbered === undefined) return { kind: 'restarted', from: 0 };
  return { kind: 'doubtful', index: Number(numbered.sequence - first.sequence), taken: numbered };
}

/** What a doubtful playlist is, once the segment's content has been looked at. */
export function settle(doubt: Doubtful, isSame: boolean, taken: readonly TakenSegment[]): Alignment {
  if (!isSame) return { kind: 'restarted', from: 0 };
  // A stale playlist ends before what was taken; one whose names change with each load is counted by its numbers.
  const after = taken.length - 1 - taken.lastIndexOf(doubt.taken);
  return { kind: 'continues', from: doubt.index + 1 + after, missed: 0 };
}

/**
 * Where segments that were taken are listed by their names. A name that is there again and again (a slate, a short file in a
 * loop) is the one with the segment's number; where numbers are all higher, none; or else the last of those that follow what
 * it followed.
 * @returns the index of the one at a place of `taken`; undefined: it is not listed
 */
function placeIn(
  segments: readonly MediaSegment[],
  taken: readonly TakenSegment[],
): (at: number) => number | undefined {
  const { names, nameOf } = namesOf(segments);
  const places = Map.groupBy(names.keys(), (i) => names[i] as string);
  const times = Map.groupBy(taken, nameOf);
  const alike = (index: number, at: number): number => {
    let count = 0;
    for (;;) {
      const segment = taken[at - count];
      if (segment === undefined || names[index - count] !== nameOf(segment)) return count;
      count += 1;
    }
  };
  return (at) => {
    const segment = taken[at] as TakenSegment;
    const name = nameOf(segment);
    const found = places.get(name) ?? [];
    const numbered = found.find((index) => segments[index]?.sequence === segment.sequence);
    if (numbered !== undefined) return numbered;
    const isRepeated = found.length > 1 || (times.get(name)?.length ?? 0) > 1;
    if (isRepeated && segment.sequence < (segments[0]?.sequence ?? 0n)) return undefined;
    return found.toSorted((a, b) => alike(a, at) - alike(b, at)).at(-1);
  };
}

/** File names with their ranges; whole URIs where file names are not unique. */
function namesOf(segments: readonly MediaSegment[]): {
  readonly names: readonly string[];
  readonly nameOf: (segment: TakenSegment) => string;
} {
  const short = segments.map(({ uri, range }) => fileName(uri, range?.offset ?? 0));
  if (new Set(short).size === short.length) {
    return { names: short, nameOf: ({ uri, offset }) => fileName(uri, offset) };
  }
  return {
    names: segments.map(({ uri, range }) => wholeName(uri, range?.offset ?? 0)),
    nameOf: ({ uri, offset }) => wholeName(uri, offset),
  };
}

/** Hosts, folders and queries may carry a token that is new with each load. */
function fileName(uri: string, offset: number): string {
  const path = /^[^?#]*/.exec(uri)?.[0] ?? '';
  return wholeName(path.slice(path.lastIndexOf('/') + 1), offset);
}

const wholeName = (uri: string, offset: number): string => `${offset} ${uri}`;

function isWithin(sequence: bigint, segments: readonly MediaSegment[]): boolean {
  const [first] = segments;
  const last = segments.at(-1);
  return first !== undefined && last !== undefined && sequence >= first.sequence && sequence <= last.sequence;
}

/** More is not counted, it is a jump. */
const MISSED_MAX = 1_000_000n;

function clamp(missed: bigint): number {
  return Number(missed > MISSED_MAX ? MISSED_MAX : missed);
}
