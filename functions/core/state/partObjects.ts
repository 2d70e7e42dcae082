import * as z from 'zod/mini';
import { storyboardLayoutSchema } from '../pictures/storyboard.ts';
import { incompleteReasonSchema } from '../relocation/incompleteReason.ts';
import { FOUND_KINDS, LEFT_OUT_REASONS } from '../settings/selectTracks.ts';
import { FORMATS } from '../settings/settings.ts';
import { atMs, count, optional, ordinal, text } from './fields.ts';

/** State objects of a recording's parts, from the first byte to the library. As in `objects.ts`, facts are create-only. */

export const trackSchema = z.object({
  kind: z.enum(['video', 'audio']),
  codec: text,
  width: optional(count),
  height: optional(count),
  sampleRateHz: optional(count),
  channels: optional(count),
  language: optional(text),
});

/** Streams of the source that are not recorded, for one reason. */
export const leftOutSchema = z.object({
  kind: z.enum(FOUND_KINDS),
  codec: text,
  reason: z.enum(LEFT_OUT_REASONS),
  count: ordinal,
});

/** `parts/<p>/open.json`: create-only, recorder: this is how a part number is taken. */
export const openPartSchema = z.object({
  part: ordinal,
  attempt: ordinal,
  /** The attempt's first, second, … file: so the journal names it, which does not know the part. */
  file: optional(ordinal),
  key: text,
  uploadId: text,
  fileName: text,
  format: z.enum(FORMATS),
  openedAtMs: atMs,
  /** Wall clock of the part's first frame: the recording's start plus media time. */
  startTimeMs: atMs,
  tracks: z.array(trackSchema),
  leftOut: optional(z.array(leftOutSchema)),
  /** Of MP4: what a player is given before the part's fragments, in base64; only where it can be watched while it is recorded. */
  init: optional(text),
  /** The same of all its tracks, where a player is not given all: a clip is made with it while the part is recorded. */
  head: optional(text),
});
export type OpenPart = z.infer<typeof openPartSchema>;

/** One uploaded piece. CRC32 in base64, as S3 gives it; told apart by size and CRC32, since an ETag is only known after. */
const uploadedPartSchema = z.object({
  partNumber: ordinal,
  bytes: count,
  crc32: text,
  etag: optional(text),
});
export type UploadedPart = z.infer<typeof uploadedPartSchema>;

/** `parts/<p>/final.json`: create-only, recorder or rescuer, before CompleteMultipartUpload. */
export const finalPartSchema = z.object({
  part: ordinal,
  attempt: ordinal,
  key: text,
  uploadId: text,
  format: z.enum(FORMATS),
  /** The exact list to complete, the first piece as first uploaded. */
  uploaded: z.array(uploadedPartSchema),
  /** The first piece with the index in front; a rescuer takes it if it is there. */
  newFirst: optional(uploadedPartSchema),
  /** Size and full-object CRC32 of the record with the new first piece (without one: as uploaded). */
  bytes: count,
  crc32: text,
  durationMs: z.number(),
  /** Wall clock of first and last frame, by media time. */
  startTimeMs: atMs,
  endTimeMs: atMs,
  /** The recorder's clock when the part was opened and when its last byte arrived. */
  startTimeMillis: atMs,
  endTimeMillis: atMs,
  tracks: z.array(trackSchema),
  videoFrames: count,
  recovered: z.boolean(),
  /** Where the source was away: no frames from here on for so long, in milliseconds of the part. */
  gaps: optional(z.array(z.object({ atMs: z.number(), durationMs: z.number() }))),
  /** From the last byte that was saved to the end of the task; only where the part was recovered. */
  estimatedLossMs: optional(count),
  finalizedAtMs: atMs,
});
export type FinalPart = z.infer<typeof finalPartSchema>;

/** What lies beside a record, in the same bucket. */
const placedPictureSchema = z.object({ key: text, versionId: optional(text), etag: text });
export type PlacedPicture = z.infer<typeof placedPictureSchema>;

export const placedPicturesSchema = z.object({
  poster: optional(placedPictureSchema),
  /** Its image, the list that names its pictures, where that could be written, and what it says. */
  storyboard: optional(
    z.object({
      sprite: placedPictureSchema,
      list: optional(placedPictureSchema),
      layout: storyboardLayoutSchema,
    }),
  ),
});
export type PlacedPictures = z.infer<typeof placedPicturesSchema>;

/** `parts/<p>/moved.json`: where the record lives. Create-only, relocate. */
export const movedPartSchema = z.object({
  part: ordinal,
  bucket: text,
  key: text,
  versionId: optional(text),
  etag: text,
  bytes: count,
  crc32: optional(text),
  /** Of the whole object, in hex, where that was asked for. */
  sha256: optional(text),
  movedAtMs: atMs,
  pictures: optional(placedPicturesSchema),
  /** The whole name, where the limits trimmed it. */
  wholeName: optional(text),
  /** Of the record itself, where it was read to give it its index. */
  durationMs: optional(z.number()),
  /** Why it is less than its stream was, or cannot be shown to be all of it; empty where it is complete. */
  incomplete: optional(z.array(incompleteReasonSchema)),
});
export type MovedPart = z.infer<typeof movedPartSchema>;

/**
 * `parts/<p>/overlap.json`: an attempt's first part begins where an earlier one's still goes on, told by what both have.
 * Create-only, relocate.
 */
export const overlapSchema = z.object({
  part: ordinal,
  /** The part of the earlier attempt. */
  earlier: ordinal,
  /** This part's zero in the earlier one's media time. */
  zeroMs: z.number(),
});
export type Overlap = z.infer<typeof overlapSchema>;
