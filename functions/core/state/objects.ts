import * as z from 'zod/mini';
import { incompleteReasonSchema } from '../relocation/incompleteReason.ts';
import { FOUND_KINDS, LEFT_OUT_REASONS } from '../settings/selectTracks.ts';
import { FORMATS, recordingSettingsSchema } from '../settings/settings.ts';

/**
 * The state objects, as JSON in the landing bucket (`core/keys.ts` says where). Times are epoch milliseconds and
 * end in `AtMs`. Facts are create-only: the first writer wins and everyone else reads.
 */
const atMs = z.int().check(z.nonnegative());
const count = z.int().check(z.nonnegative());
const ordinal = z.int().check(z.positive());
const text = z.string();
const optional = z.exactOptional;

/** WCS's stream states. Only PUBLISHING can be recorded. */
export const STREAM_STATUSES = [
  'NEW',
  'PENDING',
  'PUBLISHING',
  'PLAYING',
  'PAUSED',
  'UNPUBLISHED',
  'STOPPED',
  'FAILED',
  'PLAYBACK_PROBLEM',
] as const;

/** `state/sessions/<session>.json`: the stream as announced. An older `eventAtMs` never replaces a newer one. */
export const sessionSchema = z.object({
  mediaSessionId: text,
  name: text,
  status: z.enum(STREAM_STATUSES),
  sourceUrl: text,
  eventAtMs: atMs,
  appKey: optional(text),
  sessionId: optional(text),
  login: optional(text),
  hasVideo: optional(z.boolean()),
  hasAudio: optional(z.boolean()),
  audioCodec: optional(text),
  videoCodec: optional(text),
  /** Chat room: rotation is switched off, or its files could not be merged. */
  room: optional(text),
  /** Since when it is PUBLISHING; a repeated event does not change it. */
  publishedAtMs: optional(atMs),
  /** The publisher asked for a recording. */
  record: optional(z.boolean()),
  nodeId: optional(text),
  mediaProvider: optional(text),
  width: optional(z.number()),
  height: optional(z.number()),
  bitrate: optional(z.number()),
});
export type Session = z.infer<typeof sessionSchema>;

/** `state/locks/<session>.json`: which recording holds the session, or held it last when it is released. */
export const lockSchema = z.object({
  recordingId: text,
  acquiredAtMs: atMs,
  releasedAtMs: optional(atMs),
  /** Held it before, and had no outcome when it was taken over: reconcile looks after them. */
  earlier: optional(z.array(text)),
  /** The publication of the stream that the recording was started for. */
  publishedAtMs: optional(atMs),
  /**
   * A later publication was to be recorded, and this recording, which went on, was the answer. If it ends without
   * somebody's stop while that publication goes on, another one is started.
   */
  wanted: optional(z.object({ publishedAtMs: atMs, settings: recordingSettingsSchema, requestId: text })),
  /** A later publication whose recording somebody stopped: no hook brings it back. */
  declinedPublishedAtMs: optional(atMs),
});
export type Lock = z.infer<typeof lockSchema>;

/** `state/active/<recording>`: it goes on. Create-only, start; removed after the outcome. */
export const activeSchema = z.object({ recordingId: text, mediaSessionId: text });
export type Active = z.infer<typeof activeSchema>;

/** `state/listed/<session>.json`: a media server would list the stream. Made before the session says so, under If-Match. */
export const listedSchema = z.object({ mediaSessionId: text, atMs });

/** `state/reconcile/marked.json`, `…/listed.json`: since when everything is marked. Create-only, reconcile. */
export const markedSchema = z.object({ atMs });

/** `job.json`: what to record. Create-only, start. The only place that holds the source's URL with its secrets. */
export const jobSchema = z.object({
  recordingId: text,
  mediaSessionId: text,
  requestedAtMs: atMs,
  requestId: text,
  source: z.object({ url: text }),
  stream: z.object({
    name: text,
    appKey: optional(text),
    sessionId: optional(text),
    login: optional(text),
    hasVideo: optional(z.boolean()),
    hasAudio: optional(z.boolean()),
    audioCodec: optional(text),
    videoCodec: optional(text),
    room: optional(text),
  }),
  settings: recordingSettingsSchema,
  /** The recording that this one takes the place of; the recorder stops it at its own first frame. */
  replaces: optional(text),
});
export type Job = z.infer<typeof jobSchema>;

/** `state/rooms/names/<room>.json`: create-only, start. */
export const roomSchema = z.object({ room: text });

/** `state/reservations/<session>.json`: a recording asked for before its stream appears. Under If-Match. */
export const reservationSchema = z.object({
  settings: recordingSettingsSchema,
  requestId: text,
  requestedAtMs: atMs,
  expiresAtMs: atMs,
  /** It was started or cancelled. */
  settledAtMs: optional(atMs),
});
export type Reservation = z.infer<typeof reservationSchema>;

/** `stop.json`: a stop was asked. Create-only. */
export const stopSchema = z.object({ requestedAtMs: atMs, by: text, reason: text });
export type Stop = z.infer<typeof stopSchema>;

/** `control.json`: commands in the order of their sequence. Written with If-Match by the API, polled by the recorder. */
export const controlSchema = z.object({
  commands: z.array(z.object({ sequence: ordinal, kind: z.literal('rotate'), requestedAtMs: atMs })),
});
export type Control = z.infer<typeof controlSchema>;

/** `launches/<n>.json`: how the launch of attempt n goes, for those who wait. The launch function alone writes it. */
export const launchSchema = z.object({
  attempt: ordinal,
  askedAtMs: atMs,
  /** ECS refused it so often. */
  tries: count,
  /** Why ECS refused it last, in its words. */
  refusedFor: optional(text),
  /** ECS took it: its task is on its way. */
  acceptedAtMs: optional(atMs),
});
export type Launch = z.infer<typeof launchSchema>;

/** `attempts/<n>/progress.json`: heartbeat of a recorder that runs alone, else the last one when its host is done with it. */
export const progressSchema = z.object({
  attempt: ordinal,
  atMs,
  part: ordinal,
  bytes: count,
  uploadedBytes: count,
  durationMs: z.number(),
  bitrateBps: z.number(),
  fps: z.number(),
  /** Age of the oldest byte that is not inside an uploaded S3 part. */
  tailAgeMs: z.number(),
  spoolBytes: count,
  /** Since when pictures come of which none can be decoded yet: the next keyframe is waited for. */
  waitsForKeyframeSinceMs: optional(atMs),
});
export type Progress = z.infer<typeof progressSchema>;

/** Why an attempt or a recording ended. */
export const END_CODES = [
  'stopped',
  'stopped_before_media',
  'source_ended',
  'source_not_found',
  'source_refused',
  'source_timed_out',
  'source_unresolvable',
  'source_unauthorised',
  'source_forbidden',
  'source_not_media',
  'source_failed',
  'source_empty',
  'storage_failed',
  'spool_full',
  'interrupted',
  'handed_over',
  'superseded',
  'never_started',
  'recorder_failed',
] as const;
export type EndCode = (typeof END_CODES)[number];
export const reasonSchema = z.object({
  code: z.enum(END_CODES),
  message: text,
  /** The last thing that ffmpeg complained of, in its own words, without the source's secrets. */
  complaint: optional(text),
});
export type Reason = z.infer<typeof reasonSchema>;

/** `attempts/<n>/claim.json`: this task is attempt n, or no task ever will be. Create-only, recorder. */
export const claimSchema = z.object({
  attempt: ordinal,
  claimedAtMs: atMs,
  /** Where it is not known, the attempt's number alone tells its task. */
  taskArn: optional(text),
  /** Tells one run of a recorder from every other one, also of the same task. */
  runId: optional(text),
  /** It runs beside others. */
  hostId: optional(text),
  /** Where it writes what is in no S3 part yet: the id of its worker's journal. */
  journal: optional(text),
  /** Nobody has the attempt: who found out, and why. `last`: no other one follows, the recording ends for that. */
  void: optional(z.object({ by: text, reason: text, last: optional(reasonSchema) })),
});
export type Claim = z.infer<typeof claimSchema>;

/** `attempts/<n>/end.json`: how the attempt ended. Create-only, recorder, else the task-stopped function. */
export const endSchema = z.object({
  attempt: ordinal,
  endedAtMs: atMs,
  by: text,
  reason: reasonSchema,
  /** For how long the next attempt had recorded beside it, in milliseconds; where it handed over to that one. */
  overlapMs: optional(count),
});
export type End = z.infer<typeof endSchema>;

/**
 * `ending.json`: nothing more is recorded, although nobody asked to stop: the source has ended, or a limit is met.
 * Create-only, recorder, before it finishes its parts.
 */
export const endingSchema = z.object({ attempt: ordinal, atMs, reason: reasonSchema });
export type Ending = z.infer<typeof endingSchema>;

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

/** `parts/<p>/moved.json`: where the record lives. Create-only, relocate. */
export const movedPartSchema = z.object({
  part: ordinal,
  bucket: text,
  key: text,
  versionId: optional(text),
  etag: text,
  bytes: count,
  crc32: optional(text),
  movedAtMs: atMs,
  /** The whole name, where the limits trimmed it. */
  wholeName: optional(text),
  /** Of the record itself, where it was read to give it its index. */
  durationMs: optional(z.number()),
  /** Why it is less than its stream was, or cannot be shown to be all of it; empty where it is complete. */
  incomplete: optional(z.array(incompleteReasonSchema)),
});
export type MovedPart = z.infer<typeof movedPartSchema>;

/** `outcome.json`: terminal, only when no attempt will follow. Create-only. */
export const outcomeSchema = z.object({
  status: z.enum(['finished', 'failed']),
  reason: reasonSchema,
  parts: count,
  atMs,
});
export type Outcome = z.infer<typeof outcomeSchema>;
