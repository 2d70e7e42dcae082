import type { JournalEntry } from '../journal/entry.ts';

/** A segment of one attempt, as the journal has it. */
export interface LiveItem {
  readonly attempt: number;
  /** The attempt's first, second, … file, and its part, where the journal says it. */
  readonly file: number;
  readonly part: number | undefined;
  /** Of the attempt, from 0. */
  readonly sequence: number;
  readonly discontinuity: number;
  /** In the part's media time. */
  readonly startMs: number;
  readonly endMs: number;
  /** Number of the journal's object, the entry's place in its index, and where the bytes lie. */
  readonly object: number;
  readonly place: number;
  readonly firstByte: number;
  readonly bytes: number;
  /** The entry's bytes in the part's file, but for its head: tracks that a player does not get are in them too. */
  readonly inFile: { readonly from: number; readonly end: number; readonly isFirst: boolean };
  /** Left out at its beginning, where it is the first one of a later attempt; nothing by default. */
  readonly cutBytes?: number;
  /** It begins with a picture that can be decoded without those before. */
  readonly keyframe: boolean;
  /** When its last fragment came, by the recorder's clock. */
  readonly atMs: number;
}

/** Where an entry is. */
export interface EntryPlace {
  readonly object: number;
  readonly place: number;
  /** Of the entry's first byte in the object. */
  readonly at: number;
}

/** Undefined for an entry of another attempt, or with nothing for players. */
export function liveItemOf(
  entry: JournalEntry,
  { object, place, at }: EntryPlace,
  of: { readonly recordingId: string; readonly attempt: number },
): LiveItem | undefined {
  const { recordingId, attempt, file, part, live, keyframe, atMs, offset, bytes } = entry;
  if (recordingId !== of.recordingId || attempt !== of.attempt || live === undefined) return undefined;
  const { skipBytes, ...segment } = live;
  const inFile = { from: offset + skipBytes, end: offset + bytes, isFirst: offset === 0 };
  return {
    attempt,
    file,
    part,
    ...segment,
    object,
    place,
    firstByte: at + skipBytes,
    inFile,
    keyframe,
    atMs,
  };
}

/** A part that items are of. */
export interface LivePart {
  readonly part: number;
  /** Wall clock of its zero, in epoch milliseconds. */
  readonly startTimeMs: number;
  readonly format: string;
  /** What its fragments are decoded with, in base64; undefined where they need none. */
  readonly init?: string | undefined;
}

/** An attempt in the list of the whole recording. */
export interface LiveLink {
  readonly attempt: number;
  /** Added to its own numbers they are the list's; below 0 where it had counted further than those before it. */
  readonly sequence: number;
  readonly discontinuity: number;
  /** Its own number of the first segment that is listed. */
  readonly fromSequence: number;
  /** Of that one, how many bytes before its first fragment that is listed, and when that begins, in the part's media time. */
  readonly cutBytes?: number | undefined;
  readonly startMs?: number | undefined;
}

/**
 * How a later attempt goes on after an earlier one. It is decided once, and kept, so that no list ever says otherwise. What
 * an earlier one has may have been listed by somebody at any time: all of it stays, and the later one comes behind it. Only
 * what it writes after that, a host that had hung, is in no list, and what the later one has of the same pictures.
 */
export interface LiveJoin extends LiveLink {
  /** The attempt before, and how many numbers it took; both 0 where nothing of one is known. */
  readonly after: number;
  readonly endSequence: number;
}

/** An attempt that nothing is known of any more took less numbers than this. */
const UNKNOWN_NUMBERS = 10_000_000;
/** Whoever has recorded nothing for so long while the next one did has written all of it. */
const SILENT_MS = 10_000;

/** With the part that it is of. */
export interface LocatedItem {
  readonly item: LiveItem;
  readonly part: LivePart;
}

/** What is known of an attempt when the next one is to follow it in the list. */
export interface EarlierAttempt {
  readonly link: LiveLink;
  /** In order, one at least. Where it has ended they were read after its end. */
  readonly items: readonly LocatedItem[];
  readonly hasEnded: boolean;
}

export const startAtMs = ({ item, part }: LocatedItem): number => part.startTimeMs + item.startMs;
export const endAtMs = ({ item, part }: LocatedItem): number => part.startTimeMs + item.endMs;

/**
 * The later attempt behind the earlier one, with all that it has.
 * @param items of the later attempt
 * @returns undefined while the earlier one may still write something
 */
export function joinOf(
  earlier: EarlierAttempt | undefined,
  attempt: number,
  items: readonly LocatedItem[],
): LiveJoin | undefined {
  const [first, last] = [items[0], items.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const unknown = (attempt - 1) * UNKNOWN_NUMBERS;
  const newest = earlier?.items.at(-1);
  if (earlier === undefined || newest === undefined)
    return { attempt, after: 0, endSequence: 0, sequence: unknown, discontinuity: unknown, fromSequence: 0 };
  // By clocks of two machines: so much of the later one's own besides.
  const isSilent = endAtMs(last) - Math.max(startAtMs(first), endAtMs(newest)) >= SILENT_MS;
  if (!earlier.hasEnded && !isSilent) return undefined;
  const endSequence = newest.item.sequence + 1;
  return {
    attempt,
    after: earlier.link.attempt,
    endSequence,
    sequence: earlier.link.sequence + endSequence,
    discontinuity: earlier.link.discontinuity + newest.item.discontinuity + 1,
    fromSequence: 0,
  };
}

/** The same, with one of the later attempt's segments, or the end of one, as the first one that is listed. */
export const joinedFrom = (
  join: LiveJoin,
  { sequence, discontinuity, startMs, cutBytes = 0 }: LiveItem,
): LiveJoin => ({
  ...join,
  sequence: join.sequence - sequence,
  discontinuity: join.discontinuity - discontinuity,
  fromSequence: sequence,
  ...(cutBytes === 0 ? {} : { cutBytes, startMs }),
});

/** The end of a segment, from one of its fragments on. */
export const cutItem = (item: LiveItem, cutBytes: number, startMs: number): LiveItem => ({
  ...item,
  firstByte: item.firstByte + cutBytes,
  bytes: item.bytes - cutBytes,
  startMs,
  keyframe: true,
  cutBytes,
});

/** A segment of an attempt as the list has it; undefined for one that it does not have. */
export function listedItem(
  { fromSequence, cutBytes = 0, startMs }: LiveLink,
  item: LiveItem,
): LiveItem | undefined {
  if (item.sequence < fromSequence) return undefined;
  const isCut = item.sequence === fromSequence && cutBytes > 0 && cutBytes < item.bytes;
  return isCut ? cutItem(item, cutBytes, startMs ?? item.startMs) : item;
}
