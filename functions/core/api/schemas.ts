import * as z from 'zod/mini';
import { FORMATS } from '../settings.ts';
import { STREAM_STATUSES } from '../state/objects.ts';

/** Request bodies of the HTTP API. Fields that we do not know are ignored where WCS's clients may send them. */
const id = z.string().check(z.minLength(1), z.maxLength(256));
const shortText = z.string().check(z.maxLength(1024));

/** POST /rest-api/stream/startRecording and stopRecording. */
export const mediaSessionBody = z.object({ mediaSessionId: id });

/** PUT /streams/{mediaSessionId}: the stream as its media server announces it. */
export const announceBody = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(65_536)),
  sourceUrl: z.string().check(z.minLength(1)),
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
  room: z.exactOptional(shortText),
});

export const mediaSessionPath = z.object({ mediaSessionId: id });
export const recordingPath = z.object({ recordingId: id });

/** POST /recordings/previewName: any of a record's values, and a template to try. What is not given is a sample. */
const timeMs = z.int().check(z.nonnegative());
export const previewNameBody = z.strictObject({
  streamName: z.string(),
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
