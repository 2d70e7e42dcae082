import * as z from 'zod/mini';
import { FORMATS } from '../settings/settings.ts';
import { RECORDING_STATUSES } from '../state/fold.ts';
import { STREAM_STATUSES } from '../state/objects.ts';
import { AWAITED } from './awaited.ts';
import { limit, newFileName, room, sourceUrl, streamName, time, token } from './fields.ts';
import { recordingConfig } from './recordingConfig.ts';

/**
 * Request bodies of the HTTP API. Fields that we do not know are ignored where WCS's clients may send them, and the answer
 * names them.
 */
const id = z.string().check(z.minLength(1), z.maxLength(256));
const shortText = z.string().check(z.maxLength(1024));

/** WCS's stopRecording and terminate. */
export const mediaSessionBody = z.object({ mediaSessionId: id });

/** WCS's startRecording and startup. */
export const startRecordingBody = z.object({
  mediaSessionId: id,
  config: z.exactOptional(recordingConfig),
});

/** PUT /streams/{mediaSessionId}: the stream as its media server announces it. */
export const announceBody = z.strictObject({
  name: streamName,
  sourceUrl,
  /** The secret that has the values for places such as `{password}` in `sourceUrl`. */
  sourceSecret: z.exactOptional(shortText),
  status: z._default(z.enum(STREAM_STATUSES), 'PUBLISHING'),
  /** When it happened; an older event never replaces a newer one. Now by default. */
  eventAtMs: z.exactOptional(z.int().check(z.nonnegative())),
  appKey: z.exactOptional(shortText),
  sessionId: z.exactOptional(shortText),
  login: z.exactOptional(shortText),
  hasVideo: z.exactOptional(z.boolean()),
  hasAudio: z.exactOptional(z.boolean()),
  audioCodec: z.exactOptional(shortText),
  videoCodec: z.exactOptional(shortText),
  room: z.exactOptional(room),
  record: z.exactOptional(z.boolean()),
  nodeId: z.exactOptional(shortText),
  mediaProvider: z.exactOptional(shortText),
  width: z.exactOptional(z.number()),
  height: z.exactOptional(z.number()),
  bitrate: z.exactOptional(z.number()),
});

const flag = z.enum(['true', 'false']);

/** POST /recordings: a stream of the registry, or a source's own URL. */
export const createRecordingBody = z
  .strictObject({
    mediaSessionId: z.exactOptional(id),
    sourceUrl: z.exactOptional(sourceUrl),
    /** The secret that has the values for places such as `{password}` in `sourceUrl`. */
    sourceSecret: z.exactOptional(shortText),
    /** Name of the stream, for the names of records; with `sourceUrl`. */
    streamName: z.exactOptional(streamName),
    config: z.exactOptional(recordingConfig),
    /** Seconds to wait for a stream that is not published yet: the recording is reserved. */
    waitSeconds: z.exactOptional(z.int().check(z.positive(), z.maximum(7 * 86_400))),
  })
  .check(
    z.refine((body) => body.waitSeconds === undefined || body.sourceUrl === undefined, {
      message: 'goes with mediaSessionId',
      path: ['waitSeconds'],
    }),
    z.refine((body) => body.mediaSessionId !== undefined || body.sourceUrl !== undefined, {
      message: 'is missing, and so is sourceUrl',
      path: ['mediaSessionId'],
    }),
    z.refine((body) => body.streamName === undefined || body.sourceUrl !== undefined, {
      message: 'goes with sourceUrl; a stream of the registry has its name',
      path: ['streamName'],
    }),
  );

/** GET /recordings. Times are ISO 8601 and mean when the recording was asked for. */
export const listRecordingsQuery = z.strictObject({
  /** `active`: each of those of recordings that go on. */
  status: z.exactOptional(z.enum([...RECORDING_STATUSES, 'active'])),
  stream: z.exactOptional(z.string().check(z.maxLength(8_192))),
  /** A piece of the stream's name, in capitals or not. */
  streamContains: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(8_192))),
  mediaSessionId: z.exactOptional(id),
  room: z.exactOptional(room),
  /** A tag's name, or `name=value`. */
  tag: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(385))),
  from: z.exactOptional(time),
  to: z.exactOptional(time),
  limit: z.exactOptional(limit),
  nextToken: z.exactOptional(token),
});

/** GET /recordings/{recordingId}/events. */
export const getEventsQuery = z.strictObject({ nextToken: z.exactOptional(token) });

/** GET /recordings/{recordingId}. API Gateway gives up after 30 s. */
export const getRecordingQuery = z
  .strictObject({
    waitFor: z.exactOptional(z.enum(AWAITED)),
    /** Seconds. */
    timeout: z.exactOptional(
      z.string().check(z.regex(/^([1-9]|1\d|2[0-5])$/, 'must be seconds, from 1 to 25')),
    ),
    /** Of an answer that did not have all parts. */
    nextToken: z.exactOptional(token),
  })
  .check(
    z.refine((query) => query.timeout === undefined || query.waitFor !== undefined, {
      message: 'goes with waitFor',
      path: ['timeout'],
    }),
  );

/** DELETE /recordings/{recordingId}. */
export const deleteRecordingQuery = z.strictObject({ records: z.exactOptional(flag) });

/** Milliseconds since the recording's first frame, or a wall clock time. */
const clipTime = z.union([z.number().check(z.nonnegative(), z.maximum(1e12)), time]);

/** POST /recordings/{recordingId}/clips. */
export const createClipBody = z.strictObject({
  from: clipTime,
  /** Up to here, not with it. */
  to: clipTime,
  /** Of its file, without extension. */
  name: z.exactOptional(newFileName),
  /** A part that is still recorded, and that it reaches into, ends at the next keyframe, in place of being waited for. */
  rotate: z.exactOptional(z.boolean()),
});

/** GET /recordings/{recordingId}/clips. */
export const listClipsQuery = z.strictObject({
  limit: z.exactOptional(limit),
  nextToken: z.exactOptional(token),
});

/** GET /streams. */
export const listStreamsQuery = z.strictObject({
  status: z.exactOptional(z.enum(STREAM_STATUSES)),
  name: z.exactOptional(z.string().check(z.maxLength(8_192))),
  limit: z.exactOptional(limit),
  nextToken: z.exactOptional(token),
});

/** GET /rooms. */
export const listRoomsQuery = z.strictObject({
  limit: z.exactOptional(limit),
  nextToken: z.exactOptional(token),
});

/** GET /rooms/{room}. Times are ISO 8601: recordings with media between them are shown. */
export const roomQuery = z.strictObject({
  from: z.exactOptional(time),
  to: z.exactOptional(time),
  ...listRoomsQuery.shape,
});
export const roomPath = z.object({ room });

/** Idempotency-Key, as the IETF draft has it: any text, usually a UUID. */
export const idempotencyHeader = z
  .string()
  .check(z.minLength(1), z.maxLength(255), z.regex(/^[\x20-\x7e]+$/, 'must be printable ASCII'));

export const mediaSessionPath = z.object({ mediaSessionId: id });
export const recordingPath = z.object({ recordingId: id });
export const clipPath = z.object({ recordingId: id, clipId: id });

/** POST /recordings/previewName: any of a record's values, and a template to try. What is not given is a sample. */
const timeMs = z.int().check(z.nonnegative());
const PREVIEWED_STARTS = ['recordings', 'startRecording'] as const;
export const previewNameBody = z.strictObject({
  streamName: z.string(),
  /** Whose names: those of `POST /recordings` (the default), or of WCS's startRecording and of hooks. */
  start: z.exactOptional(z.enum(PREVIEWED_STARTS)),
  /** As a start has it; what is beside it here goes before. */
  config: z.exactOptional(recordingConfig),
  policy: z.exactOptional(z.enum(['streamName', 'template'])),
  fileTemplate: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(4096))),
  libraryKeyTemplate: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(4096))),
  encoding: z.exactOptional(z.enum(['percent', 'underscore'])),
  format: z.exactOptional(z.enum(FORMATS)),
  part: z.exactOptional(z.int().check(z.positive(), z.maximum(1_000_000))),
  mediaSessionId: z.exactOptional(z.string()),
  sessionId: z.exactOptional(z.string()),
  login: z.exactOptional(z.string()),
  appKey: z.exactOptional(z.string()),
  audioCodec: z.exactOptional(z.string()),
  videoCodec: z.exactOptional(z.string()),
  startTimeMs: z.exactOptional(timeMs),
  durationMs: z.exactOptional(timeMs),
});
