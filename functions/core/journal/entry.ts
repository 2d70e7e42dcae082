import * as z from 'zod/mini';

const count = z.int().check(z.nonnegative());
const ordinal = z.int().check(z.positive());

/** One of the files that an attempt writes: a part, whose number may not be known yet. */
export const journaledFileSchema = z.object({
  recordingId: z.string().check(z.minLength(1)),
  attempt: ordinal,
  /** The attempt's first, second, … file; the part's `open.json` has the same number. */
  file: ordinal,
});
export type JournaledFile = z.infer<typeof journaledFileSchema>;

/** What cannot be read out of the bytes of a file alone: how far it goes with them. */
export const savedFactsSchema = z.object({
  /** Shown time of the file up to there, in milliseconds. */
  durationMs: z.number(),
  videoFrames: count,
  /** The recorder's clock, in epoch milliseconds. */
  atMs: count,
});
export type SavedFacts = z.infer<typeof savedFactsSchema>;

/**
 * What a player gets of an entry, and its place in the list of what one attempt recorded (./liveNumbering.ts). It is in
 * the journal itself, so that whoever makes a list, whenever, makes the same.
 */
export const liveSegmentSchema = z.object({
  /** The attempt's first, second, … segment, from 0. Numbers that no entry has are of segments that are missing. */
  sequence: count,
  /** How often the attempt's media have not gone on where they were, up to and with this one's beginning. */
  discontinuity: count,
  /** In the part's media time. */
  startMs: z.number(),
  endMs: z.number(),
  /** Bytes of the entry before it: the file's head. */
  skipBytes: count,
  bytes: ordinal,
});
export type LiveSegment = z.infer<typeof liveSegmentSchema>;

/** Bytes of one file in a journal's object, from the end of a fragment to the end of a later one. */
export const journalEntrySchema = z.extend(journaledFileSchema, {
  /** Where in the file they begin. */
  offset: count,
  bytes: ordinal,
  /** CRC-32 (zlib's) of them. */
  crc32: count,
  /** Shown time of the file before them, in milliseconds: how long they are shown is `durationMs - fromMs`. */
  fromMs: z.number(),
  /** They begin with a fragment that can be decoded without those before. */
  keyframe: z.boolean(),
  ...savedFactsSchema.shape,
  /** The file's part, where its number had been taken by then. */
  part: z.optional(ordinal),
  /** Undefined where nothing of it is for players. */
  live: z.optional(liveSegmentSchema),
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;

export const isOfFile = (one: JournaledFile, { recordingId, attempt, file }: JournaledFile): boolean =>
  one.recordingId === recordingId && one.attempt === attempt && one.file === file;
