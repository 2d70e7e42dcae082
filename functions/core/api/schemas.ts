import * as z from 'zod/mini';
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
