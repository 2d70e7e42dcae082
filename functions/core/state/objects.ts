import * as z from 'zod/mini';
import { recordingSettingsSchema } from '../settings/settings.ts';
import { atMs, count, optional, ordinal, text } from './fields.ts';

/**
 * The state objects, as JSON in the landing bucket (`core/keys.ts` says where). Times are epoch milliseconds and
 * end in `AtMs`. Facts are create-only: the first writer wins and everyone else reads.
 */

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
  /** The secret that has the values for the places in `sourceUrl`: core/source/sourceSecret.ts. */
  sourceSecret: optional(text),
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

/**
 * `job.json`: what to record. Create-only, start. The only place, beside the session's, that holds the source's URL with its
 * secrets; none of those that are in Secrets Manager.
 */
export const jobSchema = z.object({
  recordingId: text,
  mediaSessionId: text,
  requestedAtMs: atMs,
  requestId: text,
  source: z.object({ url: text, secret: optional(text) }),
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
  /** It is made of a room's recordings; its id is the merge's. */
  merge: optional(z.object({ room: text, layout: text })),
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

/** `live/<n>.json`: how attempt n goes on after the one before. Create-only, whoever makes the list first. */
export const liveJoinSchema = z.object({
  attempt: ordinal,
  after: count,
  endSequence: count,
  sequence: z.int(),
  discontinuity: z.int(),
  /** All of it in joins that were noted before it could be said. */
  fromSequence: z._default(count, 0),
  cutBytes: optional(count),
  startMs: optional(z.number()),
});

/** `control.json`: commands in the order of their sequence. Written with If-Match by the API, polled by the recorder. */
export const controlSchema = z.object({
  /** Somebody asked for the list by which it is watched while it is recorded; told again after a minute. */
  watchedAtMs: optional(atMs),
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

/** `outcome.json`: terminal, only when no attempt will follow. Create-only. */
export const outcomeSchema = z.object({
  status: z.enum(['finished', 'failed']),
  reason: reasonSchema,
  parts: count,
  atMs,
});
export type Outcome = z.infer<typeof outcomeSchema>;
