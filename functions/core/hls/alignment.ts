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
  const names = namesOf(segments);
  const positions = new Map(names.names.map((name, i) => [name, i]));
  const found = positions.get(names.nameOf(last));
  if (found !== undefined) return { kind: 'continues', from: found + 1, missed: 0 };
  const at = last.sequence - first.sequence;
  if (at < 0n) return { kind: 'continues', from: 0, missed: clamp(-at - 1n) };
  // What should be the last one is another one, or there are no such numbers any more.
  const witness = taken.findLast((segment) => positions.has(names.nameOf(segment)));
  const known = witness === undefined ? undefined : positions.get(names.nameOf(witness));
  if (witness !== undefined && known !== undefined) return { kind: 'doubtful', index: known, taken: witness };
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
