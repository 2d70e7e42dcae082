import { type NameEncoding, nameMaxBytes, protectSegment, utf8Bytes } from './codec.ts';
import type { NamePiece, Segment } from './layout.ts';
import { markOfPieces } from './mark.ts';

export interface FitOptions {
  readonly encoding: NameEncoding;
  readonly segmentMaxBytes: number;
  readonly keyMaxBytes: number;
  /** What ends the name: part number and extension. */
  readonly tail: string;
  /** Kept free for it, whichever part it is of. */
  readonly tailRoomBytes: number;
}

export interface FittedKey {
  readonly key: string;
  /** Bytes that each piece has kept, in the order of the segments. */
  readonly keptBytes: readonly (readonly number[])[];
  readonly fits: boolean;
}

/** Pieces of a lower rank have nothing left, those of this rank at most `maxBytes`, those of a higher rank all. */
interface Level {
  readonly rank: number;
  readonly maxBytes: number;
}

const WHOLE: Level = { rank: -1, maxBytes: 0 };
const RANKS = [0, 1, 2];

/** The key without trimming, whether it fits or not. */
export function untrimmedKey(segments: readonly Segment[], options: FitOptions): FittedKey {
  return compose(
    segments,
    segments.map(() => WHOLE),
    '',
    options,
  );
}

/** Texts of the folders and of the file name, as a key. */
export function protectedKey(
  texts: readonly string[],
  options: Pick<FitOptions, 'encoding' | 'tail'>,
): string {
  return texts
    .map((text, index) => {
      const tail = index === texts.length - 1 ? options.tail : '';
      return protectSegment(text + tail, options.encoding, tail);
    })
    .join('/');
}

/**
 * Trims to the limits: what is free text is cut to one level, the longest first, so far as needed and no further;
 * if that is not enough (ids that are no ASCII, a part number of many digits) the template's own text and at last
 * all else. Each folder that lost something ends in a hash of its own, and the name in `mark`.
 */
export function fitKey(segments: readonly Segment[], mark: string, options: FitOptions): FittedKey {
  const levels = segments.map((segment, index) => {
    const fits = (level: Level): boolean => {
      const only = segments.map((_, other) => (other === index ? level : WHOLE));
      const text = composeSegment(segments, index, only, mark, options);
      return measure(segments, index, text, options) <= nameMaxBytes(text, options.segmentMaxBytes);
    };
    return highestLevel(fits, longest([segment]));
  });
  const fits = (level: Level): boolean =>
    compose(
      segments,
      levels.map((own) => lower(own, level)),
      mark,
      options,
    ).fits;
  const common = highestLevel(fits, longest(segments));
  return compose(
    segments,
    levels.map((own) => lower(own, common)),
    mark,
    options,
  );
}

function highestLevel(fits: (level: Level) => boolean, longestBytes: number): Level {
  if (fits(WHOLE)) return WHOLE;
  for (const rank of RANKS) {
    if (!fits({ rank, maxBytes: 0 })) continue;
    let low = 0;
    let high = longestBytes;
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2);
      if (fits({ rank, maxBytes: middle })) low = middle;
      else high = middle;
    }
    return { rank, maxBytes: low };
  }
  return { rank: RANKS.length - 1, maxBytes: 0 };
}

const longest = (segments: readonly Segment[]): number =>
  Math.max(0, ...segments.flat().map((piece) => piece.content.bytes));

function lower(one: Level, other: Level): Level {
  if (one.rank !== other.rank) return one.rank > other.rank ? one : other;
  return one.maxBytes < other.maxBytes ? one : other;
}

function cut(piece: NamePiece, level: Level): string {
  if (piece.rank > level.rank) return piece.content.text;
  return piece.content.cut(piece.rank < level.rank ? 0 : level.maxBytes);
}

function compose(
  segments: readonly Segment[],
  levels: readonly Level[],
  mark: string,
  options: FitOptions,
): FittedKey {
  const texts = segments.map((_, index) => composeSegment(segments, index, levels, mark, options));
  const bytes = segments.map((_, index) => measure(segments, index, texts[index] ?? '', options));
  const slashes = Math.max(0, segments.length - 1);
  const keyBytes = bytes.reduce((sum, one) => sum + one, slashes);
  return {
    key: texts.join('/'),
    keptBytes: segments.map((segment, index) =>
      segment.map((piece) => utf8Bytes(cut(piece, levels[index] ?? WHOLE))),
    ),
    fits:
      keyBytes <= options.keyMaxBytes &&
      bytes.every((one, index) => one <= nameMaxBytes(texts[index] ?? '', options.segmentMaxBytes)),
  };
}

function composeSegment(
  segments: readonly Segment[],
  index: number,
  levels: readonly Level[],
  mark: string,
  options: FitOptions,
): string {
  const segment = segments[index] ?? [];
  const level = levels[index] ?? WHOLE;
  const texts = segment.map((piece) => cut(piece, level));
  const isLast = index === segments.length - 1;
  const lost = segment.some((piece, at) => piece.isCut || texts[at] !== piece.content.text);
  const ending = isLast ? mark + options.tail : lost ? markOfPieces(segment) : '';
  return protectSegment(texts.join('') + ending, options.encoding, isLast ? options.tail : '');
}

/** UTF-8 bytes, with the room kept for what is not known yet, and for the tails of other parts. */
function measure(
  segments: readonly Segment[],
  index: number,
  text: string,
  { tail, tailRoomBytes }: FitOptions,
): number {
  const isLast = index === segments.length - 1;
  const free = isLast ? Math.max(0, tailRoomBytes - utf8Bytes(tail)) : 0;
  const reserved = (segments[index] ?? []).reduce((sum, piece) => sum + piece.reservedBytes, 0);
  return utf8Bytes(text) + reserved + free;
}
