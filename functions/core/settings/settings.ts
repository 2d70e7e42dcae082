import * as z from 'zod/mini';
import { BEST_VARIANT, variantRuleSchema } from '../hls/variants.ts';
import { checkNameRules, DEFAULT_NAME_RULES } from '../names/index.ts';
import {
  FILE_NAME_LIMIT_BYTES,
  FILE_NAME_LIMIT_MIN_BYTES,
  KEY_LIMIT_BYTES,
  KEY_LIMIT_MIN_BYTES,
} from '../names/limits.ts';
import { DEFAULT_SOURCE_RULES, sourceRulesSchema } from '../source/sourceRules.ts';
import { S3_PART_MIN_BYTES } from '../upload/s3Limits.ts';
import { checkFormats } from './formats.ts';
import { DEFAULT_PICTURES, NO_PICTURES, pictureOverridesSchema, picturesSchema } from './pictures.ts';
import { roomSettingsSchema } from './rooms.ts';
import { checkTags } from './tags.ts';
import { ALL_TRACKS, checkTracks, tracksSchema } from './tracks.ts';

/** Containers that a part can be; the file extension is the same word. */
export const FORMATS = ['mp4', 'webm', 'mkv', 'ts'] as const;

export const RTSP_TRANSPORTS = ['tcp', 'udp'] as const;

export const LIVE_WINDOW_MAX_MS = 3_600_000;

const positiveInt = z.int().check(z.positive());

/** When a new part begins. It begins at the first keyframe after the limit, without a lost frame. */
export const rotationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('time'), everyMs: positiveInt }),
  z.strictObject({ kind: z.literal('size'), everyBytes: positiveInt }),
]);
export type Rotation = z.infer<typeof rotationSchema>;

/**
 * How one recording is made, complete: a start merges the deployment's defaults and the caller's `config`, and
 * writes the result into the job, so that nobody later needs a default.
 */
export const recordingSettingsSchema = z.strictObject({
  names: z.strictObject({
    policy: z.enum(['streamName', 'template']),
    fileTemplate: z.string().check(z.minLength(1)),
    libraryKeyTemplate: z.string().check(z.minLength(1)),
    encoding: z.enum(['percent', 'underscore']),
    fileNameMaxBytes: z.int().check(z.minimum(FILE_NAME_LIMIT_MIN_BYTES), z.maximum(FILE_NAME_LIMIT_BYTES)),
    keyMaxBytes: z.int().check(z.minimum(KEY_LIMIT_MIN_BYTES), z.maximum(KEY_LIMIT_BYTES)),
  }),
  rotation: rotationSchema,
  /** Video codec to container, WCS's `record_formats`. What is not named goes to a container that carries it. */
  formats: z.record(z.string(), z.enum(FORMATS)),
  audioSampleRateHz: z.int().check(z.minimum(8_000), z.maximum(96_000)),
  /** Size of an S3 part of the multipart upload; grows by itself in very long parts. */
  partBytes: z.int().check(z.minimum(S3_PART_MIN_BYTES), z.maximum(512 * 1024 * 1024)),
  /** While S3 answers, a killed recorder loses at most this, a fragment, and a PUT. */
  maxLossMs: z._default(z.int().check(z.minimum(500), z.maximum(60_000)), 2_000),
  /** Disk that fragments may take while S3 is slow or away; when it is full the recording ends, loudly. */
  spoolMaxBytes: z.int().check(z.minimum(0)),
  /** How long to wait for the source's first frame. */
  openTimeoutMs: positiveInt,
  /** A recording that is this long is stopped. No limit by default. */
  maxDurationMs: z.exactOptional(positiveInt),
  /** A recording that has so many bytes, in all its parts together, is stopped. No limit by default. */
  maxBytes: z.exactOptional(positiveInt),
  /** A source that is connected and sends nothing for so long is taken for lost. */
  idleTimeoutMs: z._default(z.int().check(z.minimum(1_000), z.maximum(300_000)), 10_000),
  /** How long to try again when the source is lost; 0: its first end is the recording's. */
  reconnectWindowMs: z._default(z.int().check(z.minimum(0), z.maximum(300_000)), 30_000),
  /** What the source may reach. Jobs that are older than this have the default. */
  sources: z._default(sourceRulesSchema, DEFAULT_SOURCE_RULES),
  /** How RTSP's media come: inside the connection, or as datagrams of their own, which may get lost. */
  rtspTransport: z._default(z.enum(RTSP_TRANSPORTS), 'tcp'),
  /** Which variant of an HLS source, with its sound. */
  variant: z._default(variantRuleSchema, BEST_VARIANT),
  /** Which of the source's tracks are recorded. */
  tracks: z._default(tracksSchema, ALL_TRACKS),
  /** When it has ended its parts become one file besides, or as few as their parameters allow. */
  join: z._default(z.boolean(), false),
  /** Its room becomes one file when everybody has left. Nothing of it by default. */
  rooms: z.exactOptional(roomSettingsSchema),
  /** Each record is read once more when it is in the library, for its SHA-256. */
  sha256: z._default(z.boolean(), false),
  /**
   * How far back whoever watches it while it is recorded can go; 0: nobody can watch it before it has ended. An hour at
   * most: a list of two seconds each has 1,800 lines by then.
   */
  liveWindowMs: z._default(z.int().check(z.minimum(0), z.maximum(LIVE_WINDOW_MAX_MS)), LIVE_WINDOW_MAX_MS),
  /** Which pictures are made of it. Jobs that are older than this have none. */
  pictures: z._default(picturesSchema, NO_PICTURES),
  /** Tags of the object in the library. */
  tags: z.record(z.string(), z.string()),
});
export type RecordingSettings = z.infer<typeof recordingSettingsSchema>;

export const DEFAULT_SETTINGS: RecordingSettings = {
  names: DEFAULT_NAME_RULES,
  rotation: { kind: 'none' },
  formats: { h264: 'mp4', vp8: 'webm' },
  audioSampleRateHz: 44_100,
  partBytes: 8 * 1024 * 1024,
  maxLossMs: 2_000,
  spoolMaxBytes: 4 * 1024 * 1024 * 1024,
  openTimeoutMs: 15_000,
  idleTimeoutMs: 10_000,
  reconnectWindowMs: 30_000,
  sources: DEFAULT_SOURCE_RULES,
  rtspTransport: 'tcp',
  variant: BEST_VARIANT,
  tracks: ALL_TRACKS,
  join: false,
  sha256: false,
  liveWindowMs: LIVE_WINDOW_MAX_MS,
  pictures: DEFAULT_PICTURES,
  tags: {},
};

/** What a deployer may set: any of the settings; the rest stays at its default. */
export const settingsOverridesSchema = z.strictObject({
  ...z.partial(recordingSettingsSchema).shape,
  names: z.exactOptional(z.partial(recordingSettingsSchema.shape.names)),
  sources: z.exactOptional(z.partial(sourceRulesSchema)),
  variant: z.exactOptional(z.partial(variantRuleSchema)),
  tracks: z.exactOptional(z.partial(tracksSchema)),
  pictures: z.exactOptional(pictureOverridesSchema),
});
export type SettingsOverrides = z.infer<typeof settingsOverridesSchema>;

/**
 * The settings of one recording.
 * @throws NameTemplateError a template that cannot be used; RecorderError a codec in a container that cannot carry it, or
 *   tags that S3 would not take
 */
export function mergeSettings(base: RecordingSettings, overrides: SettingsOverrides): RecordingSettings {
  const settings = recordingSettingsSchema.parse({
    ...base,
    ...overrides,
    names: { ...base.names, ...overrides.names },
    sources: { ...base.sources, ...overrides.sources },
    variant: { ...base.variant, ...overrides.variant },
    tracks: { ...base.tracks, ...overrides.tracks },
    pictures: overrides.pictures === false ? NO_PICTURES : { ...base.pictures, ...overrides.pictures },
  });
  checkNameRules(settings.names);
  checkFormats(settings.formats);
  checkTags(settings.tags);
  checkTracks(settings.tracks);
  return settings;
}
