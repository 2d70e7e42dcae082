import * as z from 'zod/mini';
import { CLIP_KINDS, CLIP_STATUSES, clipReasonSchema } from '../clips/clip.ts';
import { NOT_PLAYABLE, type NotPlayable } from '../playback/playable.ts';
import { incompleteReasonSchema } from '../relocation/incompleteReason.ts';
import { FORMATS, recordingSettingsSchema } from '../settings/settings.ts';
import { RECORDING_STATUSES, WAITED_FOR } from '../state/fold.ts';
import { progressSchema, reasonSchema, sessionSchema } from '../state/objects.ts';
import { leftOutSchema, trackSchema } from '../state/partObjects.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { GAP_CAUSES } from './timeline.ts';
import { wcsStreamItem } from './wcsAnswers.ts';

/**
 * The bodies that the HTTP API answers with, for the OpenAPI document and for the tests that hold real answers against
 * it. The functions do not import this: they are bound by those tests.
 */
const optional = z.exactOptional;
const time = z.iso.datetime();
const count = z.int().check(z.nonnegative());

export const errorAnswer = z.strictObject({
  error: z.strictObject({
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    field: optional(z.string()),
    requestId: z.string(),
  }),
});

export const startAnswer = z.strictObject({
  recordingId: z.string(),
  mediaSessionId: z.string(),
  status: z.enum(RECORDING_STATUSES),
  alreadyStarted: z.boolean(),
});

/** Fields of the body that mean nothing here, where there are any: WCS's clients may send some. */
const ignoredFields = optional(z.array(z.string()));
export const wcsStartAnswer = z.extend(startAnswer, { ignoredFields });

export const reservedAnswer = z.strictObject({
  mediaSessionId: z.string(),
  status: z.literal('reserved'),
  expiresAt: time,
});

export const wcsStopAnswer = z.strictObject({
  /** Absent where there was a reservation alone. */
  recordingId: optional(z.string()),
  mediaSessionId: z.string(),
  status: z.enum([...RECORDING_STATUSES, 'cancelled']),
  ignoredFields,
});
export const stopAnswer = z.strictObject({ recordingId: z.string(), status: z.enum(RECORDING_STATUSES) });
export const rotateAnswer = z.strictObject({ recordingId: z.string(), sequence: z.int() });
export const deleteAnswer = z.strictObject({
  recordingId: z.string(),
  /** By this request. */
  deletedRecords: count,
  deletedClips: count,
  /** 0, or, with 202, how many parts the same request is to be sent again for. */
  remainingParts: count,
});
export const wcsFilesAnswer = z.array(z.strictObject({ fileName: z.string(), mediaSessionId: z.string() }));
export const wcsStreamsAnswer = z.array(wcsStreamItem);

const link = z.strictObject({ url: z.url(), expiresInSeconds: z.int() });
/** It answers GET and HEAD: `headUrl` is the same address. */
const fileLink = z.extend(link, { headUrl: z.url() });

const pictureLinks = {
  /** JPEG, of its first second. */
  poster: optional(link),
  /** JPEG, of what is recorded at present, while it is. */
  latest: optional(link),
};
const pictures = z.strictObject({
  ...pictureLinks,
  /** WebVTT for thumbnails, with the times of what `play` plays. */
  storyboard: optional(link),
});
const partPictures = z.strictObject({
  /** JPEG, beside the record in the library. */
  poster: optional(z.extend(link, { key: z.string() })),
  /** WebVTT for thumbnails, and the JPEG that it names. */
  storyboard: optional(z.extend(link, { key: optional(z.string()), spriteKey: z.string() })),
});

const part = z.strictObject({
  part: z.int(),
  attempt: optional(z.int()),
  status: z.enum(['recording', 'finished', 'available']),
  fileName: optional(z.string()),
  format: optional(z.enum(FORMATS)),
  startTime: optional(time),
  endTime: optional(time),
  durationMs: optional(count),
  bytes: optional(count),
  /** CRC-32 of the whole file in base64, as S3 has it. */
  crc32: optional(z.string()),
  /** SHA-256 of the whole file in hex, where `config.sha256` asked for it. */
  sha256: optional(z.string()),
  /** Of the object in the library. */
  etag: optional(z.string()),
  tracks: optional(z.array(trackSchema)),
  /** Streams of the source that are not recorded, and why. */
  leftOut: optional(z.array(leftOutSchema)),
  recovered: optional(z.boolean()),
  /** Why the record is not all of its stream; empty for a complete one, absent while it is not in the library. */
  incomplete: optional(z.array(incompleteReasonSchema)),
  /** From the last byte that was saved to the end of a killed task, in milliseconds. */
  estimatedLossMs: optional(count),
  /** Where the source was away, in milliseconds of the part. */
  gaps: optional(z.array(z.strictObject({ atMs: count, durationMs: count }))),
  /** Not recorded between the attempt before and this one. */
  gapBeforeMs: optional(count),
  library: optional(z.strictObject({ bucket: z.string(), key: z.string(), versionId: optional(z.string()) })),
  wholeName: optional(z.string()),
  download: optional(fileLink),
  play: optional(fileLink),
  pictures: optional(partPictures),
});

export const clipAnswer = z.strictObject({
  clipId: z.string(),
  recordingId: z.string(),
  kind: z.enum(CLIP_KINDS),
  status: z.enum(CLIP_STATUSES),
  /** Why it cannot be made; of a join that is available: why another file has the rest. */
  reason: optional(clipReasonSchema),
  requestedAt: time,
  /** On the recording's time line: since its first frame, what was not recorded included. */
  fromMs: z.number(),
  toMs: z.number(),
  name: optional(z.string()),
  /** Wall clock of its first and last frame, once it is available. */
  startTime: optional(time),
  endTime: optional(time),
  durationMs: optional(count),
  bytes: optional(count),
  tracks: optional(z.array(trackSchema)),
  /** Of the recording, which it was cut from. */
  parts: optional(z.array(z.int())),
  library: optional(z.strictObject({ bucket: z.string(), key: z.string(), versionId: optional(z.string()) })),
  download: optional(fileLink),
  play: optional(fileLink),
});

export const clipsAnswer = z.strictObject({
  clips: z.array(clipAnswer),
  nextToken: optional(z.string()),
});

export const deletedClipAnswer = z.strictObject({ recordingId: z.string(), clipId: z.string() });

const { atMs: _atMs, waitsForKeyframeSinceMs: _waits, ...progressShape } = progressSchema.shape;

const summaryShape = {
  recordingId: z.string(),
  mediaSessionId: z.string(),
  streamName: z.string(),
  status: z.enum(RECORDING_STATUSES),
  reason: optional(reasonSchema),
  requestedAt: time,
  stopRequestedAt: optional(time),
  endedAt: optional(time),
};

export const recordingAnswer = z.strictObject({
  ...summaryShape,
  /** Without its secrets; `room:<name>` of a merge. */
  source: z.string(),
  /** It was made of a room's recordings. */
  merge: optional(z.strictObject({ room: z.string(), layout: z.string() })),
  replaces: optional(z.string()),
  settings: recordingSettingsSchema,
  /** Only while it is `starting`; `reason` is ECS's. */
  waiting: optional(z.strictObject({ for: z.enum(WAITED_FOR), since: time, reason: optional(z.string()) })),
  startedAt: optional(time),
  /** The host that records it now, of those of `GET /status`; absent where a task records it alone. */
  hostId: optional(z.string()),
  progress: optional(z.strictObject({ at: time, ...progressShape, durationMs: count, tailAgeMs: count })),
  pictures: optional(pictures),
  /** All parts as one stream: while it goes on, from its first second on, and when it has ended. */
  play: optional(
    z.strictObject({
      hls: optional(z.extend(link, { live: z.boolean() })),
      /** Why there is no stream: its records can be downloaded. */
      unavailable: optional(
        z.strictObject({
          code: z.enum(Object.keys(NOT_PLAYABLE) as [NotPlayable, ...NotPlayable[]]),
          message: z.string(),
        }),
      ),
    }),
  ),
  /** What was recorded when, in the order of time and without holes; absent before the first frame. */
  timeline: optional(
    z.strictObject({
      recordedMs: count,
      missingMs: count,
      stretches: z.array(
        z.strictObject({
          kind: z.enum(['recorded', 'missing']),
          /** That it is in; of what is missing between parts the one after it. */
          part: z.int(),
          startTime: time,
          /** Absent while it is being recorded. */
          endTime: optional(time),
          /** Where it begins in the part's own media time. */
          atMs: optional(count),
          cause: optional(z.enum(GAP_CAUSES)),
        }),
      ),
    }),
  ),
  /** Of all its parts, of which an answer has 100. */
  partCount: count,
  parts: z.array(part),
  /** The next answer with it has the parts that follow. */
  nextToken: optional(z.string()),
});

export const recordingsAnswer = z.strictObject({
  recordings: z.array(
    z.strictObject({
      ...summaryShape,
      parts: count,
      /** Of those in the library that lack something, or were rescued; absent where there are none. */
      incompleteParts: optional(count),
      recoveredParts: optional(count),
      pictures: optional(z.strictObject(pictureLinks)),
    }),
  ),
  nextToken: optional(z.string()),
});

export const roomsAnswer = z.strictObject({
  rooms: z.array(z.strictObject({ room: z.string(), latestRecordingAt: time })),
  nextToken: optional(z.string()),
});

export const roomAnswer = z.strictObject({
  room: z.string(),
  /** First frame of what is shown: where offsets are counted from. */
  startTime: optional(time),
  /** Last frame; absent while a recording goes on. */
  endTime: optional(time),
  recordings: z.array(
    z.strictObject({
      recordingId: z.string(),
      mediaSessionId: z.string(),
      streamName: z.string(),
      login: optional(z.string()),
      status: z.enum(RECORDING_STATUSES),
      requestedAt: time,
      endedAt: optional(time),
      parts: z.array(z.extend(part, { offsetMs: optional(count) })),
    }),
  ),
  nextToken: optional(z.string()),
});

const { eventAtMs: _eventAtMs, publishedAtMs: _publishedAtMs, ...sessionShape } = sessionSchema.shape;
export const streamAnswer = z.strictObject({ ...sessionShape, eventAt: time, publishedAt: optional(time) });
export const streamsAnswer = z.strictObject({
  streams: z.array(streamAnswer),
  nextToken: optional(z.string()),
});

export const statusAnswer = z.strictObject({
  at: time,
  /** Of the package that is deployed. */
  version: z.string(),
  /** `info.version` of the API's document. */
  apiVersion: z.string(),
  /** That go on; 1,000 where there are more. */
  activeRecordings: count,
  moreActiveRecordings: z.boolean(),
  hosts: z.array(
    z.strictObject({
      hostId: z.string(),
      /** Its last heartbeat. */
      at: time,
      recordings: count,
      /** Why it takes no other one now. */
      full: optional(z.string()),
      cpuUnits: z.int(),
      memoryBytes: count,
      diskPercent: count,
    }),
  ),
  queues: z.array(z.strictObject({ name: z.string(), waiting: count, inFlight: count, delayed: count })),
  /** The last run of reconcile; absent before the first one. */
  reconciled: optional(z.strictObject({ at: time, mended: z.record(z.string(), count) })),
});

export const healthAnswer = z.strictObject({ status: z.literal('ok') });
/** Each media server's own; of WCS the same object that came. */
export const hookAnswer = z.unknown();
