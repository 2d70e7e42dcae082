import * as z from 'zod/mini';
import { clipReasonSchema } from '../clips/clip.ts';
import { incompleteReasonSchema } from '../relocation/incompleteReason.ts';
import { MERGE_LAYOUTS } from '../rooms/layout.ts';
import { mergeLeftOutSchema, mergeReasonSchema } from '../rooms/merge.ts';
import { FORMATS } from '../settings/settings.ts';
import { reasonSchema } from '../state/objects.ts';
import { leftOutSchema, trackSchema } from '../state/partObjects.ts';

/** Events on EventBridge, for automation. At least once; `id` in the detail tells a duplicate. docs/events.md. */
export const EVENT_SOURCE = 'stream-recorder';

export const EVENT_TYPES = {
  recordingStarted: 'Recording Started',
  partFinished: 'Recording Part Finished',
  recordAvailable: 'Record Available',
  recordingFinished: 'Recording Finished',
  recordingFailed: 'Recording Failed',
  clipAvailable: 'Clip Available',
  clipFailed: 'Clip Failed',
  roomMerged: 'Room Merged',
  roomMergeFailed: 'Room Merge Failed',
} as const;
export type EventType = (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];

/** From relocate to itself: a copy that did not end in one call goes on. Nobody else needs it. */
export const MOVE_CONTINUES = 'Record Move Continues';
export const moveContinuesSchema = z.object({
  'detail-type': z.literal(MOVE_CONTINUES),
  detail: z.object({ key: z.string() }),
});

/** An end after which all parts are to become one file; it goes to whoever makes clips. */
export const joinWantedSchema = z.object({
  'detail-type': z.enum([EVENT_TYPES.recordingFinished, EVENT_TYPES.recordingFailed]),
  detail: z.object({ recordingId: z.string(), join: z.literal(true) }),
});

/** What every event's detail has. `id` is deterministic: the same fact published twice has the same id. */
export interface EventDetail {
  readonly id: string;
  readonly recordingId: string;
  readonly mediaSessionId: string;
  readonly streamName: string;
  readonly [field: string]: unknown;
}

/** The same fact, the same id: `<recordingId>/<type>[/<part or clip>]`. */
export function eventId(
  type: EventType | typeof MOVE_CONTINUES,
  recordingId: string,
  which?: number | string,
): string {
  const name = type.toLowerCase().replaceAll(' ', '-');
  return which === undefined ? `${recordingId}/${name}` : `${recordingId}/${name}/${which}`;
}

const text = z.string();
const ordinal = z.int().check(z.positive());
const count = z.int().check(z.nonnegative());
/** ISO 8601, UTC, with milliseconds. */
const isoTime = z.iso.datetime({ precision: 3 });
const common = { id: text, recordingId: text, mediaSessionId: text, streamName: text };
const ended = z.object({
  ...common,
  reason: reasonSchema,
  /** Parts that were recorded. */
  parts: count,
  /** They become one file besides: it was recorded with `join`. */
  join: z.exactOptional(z.literal(true)),
  /** Its room becomes one file when nobody is there any more: it was recorded with `rooms.mergeAfterMs`. */
  mergeRoom: z.exactOptional(z.literal(true)),
});

const clip = {
  ...common,
  clipId: text,
  /** That was asked for. */
  name: z.exactOptional(text),
};

/** `recordingId` is the merge's id, and that of the recording that it has become. */
const merge = {
  ...common,
  room: text,
  layout: z.enum(MERGE_LAYOUTS),
  /** Nobody asked for it: the room's last participant had left. */
  automatic: z.exactOptional(z.literal(true)),
};

/** The shape of each event's detail, by detail-type. */
export const EVENT_SCHEMAS = {
  [EVENT_TYPES.recordingStarted]: z.object({
    ...common,
    attempt: ordinal,
    part: ordinal,
    /** Wall clock of the first frame, epoch milliseconds. */
    startTimeMs: count,
    tracks: z.array(trackSchema),
    /** Streams of the source that are not recorded, and why. */
    leftOut: z.exactOptional(z.array(leftOutSchema)),
  }),
  [EVENT_TYPES.partFinished]: z.object({
    ...common,
    part: ordinal,
    bytes: count,
    durationMs: count,
    /** The recorder was lost, and what it had saved was completed. */
    recovered: z.exactOptional(z.boolean()),
    estimatedLossMs: z.exactOptional(count),
  }),
  [EVENT_TYPES.recordAvailable]: z.object({
    ...common,
    part: ordinal,
    bucket: text,
    key: text,
    /** Where the library is versioned. */
    versionId: z.exactOptional(text),
    bytes: count,
    /** CRC32 of the whole object in base64, as S3 has it. */
    crc32: z.exactOptional(text),
    /** SHA-256 of the whole object in hex, where it was asked for. */
    sha256: z.exactOptional(text),
    durationMs: count,
    startTime: isoTime,
    endTime: isoTime,
    format: z.enum(FORMATS),
    tracks: z.array(trackSchema),
    codecs: z.array(text),
    recovered: z.boolean(),
    complete: z.boolean(),
    /** Why it is not complete. */
    incomplete: z.array(incompleteReasonSchema),
    nameTrimmed: z.boolean(),
    /** The key as it would be without limits, where it was trimmed. */
    wholeName: z.exactOptional(text),
    /** Keys of what lies beside it in the same bucket: a JPEG, and WebVTT with its own JPEG. */
    pictures: z.exactOptional(
      z.object({
        poster: z.exactOptional(text),
        storyboard: z.exactOptional(text),
        sprite: z.exactOptional(text),
      }),
    ),
  }),
  [EVENT_TYPES.recordingFinished]: ended,
  [EVENT_TYPES.recordingFailed]: ended,
  [EVENT_TYPES.clipAvailable]: z.object({
    ...clip,
    bucket: text,
    key: text,
    /** Where the library is versioned. */
    versionId: z.exactOptional(text),
    bytes: count,
    /** CRC32 of the whole object in base64, as S3 has it. */
    crc32: text,
    durationMs: count,
    startTime: isoTime,
    endTime: isoTime,
    tracks: z.array(trackSchema),
    /** Of the recording, which it was cut from. */
    parts: z.array(ordinal),
  }),
  [EVENT_TYPES.clipFailed]: z.object({ ...clip, reason: clipReasonSchema }),
  [EVENT_TYPES.roomMerged]: z.object({
    ...merge,
    bucket: text,
    key: text,
    /** Where the library is versioned. */
    versionId: z.exactOptional(text),
    bytes: count,
    /** CRC32 of the whole object in base64, as S3 has it. */
    crc32: z.exactOptional(text),
    durationMs: count,
    startTime: isoTime,
    endTime: isoTime,
    tracks: z.array(trackSchema),
    /** Names of their streams, in the order in which they came. */
    participants: z.array(text),
    /** What of the room is not in it. */
    leftOut: z.array(mergeLeftOutSchema),
  }),
  [EVENT_TYPES.roomMergeFailed]: z.object({ ...merge, reason: mergeReasonSchema }),
} as const satisfies Record<EventType, z.ZodMiniType>;

export type EventDetails = { readonly [T in EventType]: z.infer<(typeof EVENT_SCHEMAS)[T]> };
export type RecordingStarted = EventDetails['Recording Started'];
export type RecordingPartFinished = EventDetails['Recording Part Finished'];
export type RecordAvailable = EventDetails['Record Available'];
export type RecordingFinished = EventDetails['Recording Finished'];
export type RecordingFailed = EventDetails['Recording Failed'];
export type ClipAvailable = EventDetails['Clip Available'];
export type ClipFailed = EventDetails['Clip Failed'];
export type RoomMerged = EventDetails['Room Merged'];
export type RoomMergeFailed = EventDetails['Room Merge Failed'];
