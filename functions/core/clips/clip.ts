import * as z from 'zod/mini';
import { atMs, count, optional, text } from '../state/fields.ts';
import { trackSchema } from '../state/partObjects.ts';

const ms = z.number().check(z.nonnegative());

/**
 * | status | meaning |
 * |---|---|
 * | waiting | a part that it is made of is not in the library yet, nor as much of it as is needed in the journal |
 * | processing | it is asked for, or being made |
 * | available | it is in the library |
 * | failed | it cannot be made; the reason says why |
 */
export const CLIP_STATUSES = ['waiting', 'processing', 'available', 'failed'] as const;

/** A piece that somebody asked for, or all parts as one file. */
export const CLIP_KINDS = ['clip', 'join'] as const;

/** Why a clip cannot be made, or be made of these parts. */
export const CLIP_REASONS = [
  'container',
  'index',
  'parameters_differ',
  'nothing_shown',
  'record_gone',
  'record_not_moved',
  'storage_refused',
  'name_taken',
] as const;

/** What S3 refuses somebody may mend; where it has done so for this long, whoever mends it asks again. */
export const REFUSED_MS = 3_600_000;

export const clipReasonSchema = z.object({ code: z.enum(CLIP_REASONS), message: text });
export type ClipReason = z.infer<typeof clipReasonSchema>;

/** The new object in the library. */
export const clipRecordSchema = z.object({
  bucket: text,
  key: text,
  versionId: optional(text),
  etag: text,
  bytes: count,
  /** CRC32 of the whole object in base64. */
  crc32: text,
  /** Wall clock of its first frame. */
  startTimeMs: atMs,
  durationMs: ms,
  tracks: z.array(trackSchema),
  /** Of the recording, in their order. */
  parts: z.array(z.int()),
  madeAtMs: atMs,
});
export type ClipRecord = z.infer<typeof clipRecordSchema>;

/** `state/recordings/<id>/clips/<clip>.json`: created by the API, then changed under If-Match by whoever makes it. */
export const clipSchema = z.object({
  clipId: text,
  recordingId: text,
  requestedAtMs: atMs,
  requestId: text,
  kind: z.enum(CLIP_KINDS),
  /** On the recording's time line: since its first frame, what was not recorded included. */
  fromMs: ms,
  toMs: ms,
  name: optional(text),
  status: z.enum(CLIP_STATUSES),
  /** Where it is being written, so that whoever comes next goes on with it. */
  upload: optional(
    z.object({
      ...{ bucket: text, key: text, uploadId: text },
      /** Its bytes are those of a journal: of the record they would be other ones. */
      journaled: optional(z.boolean()),
    }),
  ),
  record: optional(clipRecordSchema),
  /** Of one that is being made: what S3 refuses, and since when. */
  refused: optional(z.extend(clipReasonSchema, { sinceMs: atMs })),
  /** Why it failed; of a join that is available: why it ends there, and another file has the rest. */
  reason: optional(clipReasonSchema),
});
export type Clip = z.infer<typeof clipSchema>;

export const isSettled = ({ status }: Clip): boolean => status === 'available' || status === 'failed';

/** `state/clips/<recording>/<clip>`: it is not settled. */
export const clipMarkerSchema = z.object({ recordingId: text, clipId: text });

/** Clips queue: a clip is to be made. What holds is in state. */
export const clipAskSchema = z.object({ version: z.literal(1), recordingId: text, clipId: text });
export type ClipAsk = z.infer<typeof clipAskSchema>;
export const clipAsk = (recordingId: string, clipId: string): ClipAsk => ({
  version: 1,
  recordingId,
  clipId,
});
