import * as z from 'zod/mini';
import { variantRuleSchema } from '../hls/variants.ts';
import { DEFAULT_NAME_RULES, START_TIME_FILE_TEMPLATE } from '../names/index.ts';
import { checkDuration, type RecordingLimits } from '../settings/limits.ts';
import { LATEST_EVERY_MAX_MS, LATEST_EVERY_MIN_MS, type PictureOverrides } from '../settings/pictures.ts';
import {
  FORMATS,
  LIVE_WINDOW_MAX_MS,
  mergeSettings,
  type RecordingSettings,
  RTSP_TRANSPORTS,
  type SettingsOverrides,
} from '../settings/settings.ts';
import { TAGS_MAX } from '../settings/tags.ts';
import { tracksSchema } from '../settings/tracks.ts';
import { RecorderError } from './errors.ts';

const template = z.string().check(z.minLength(1), z.maxLength(4096));
const MEGABYTE = 1024 * 1024;
const ROTATION = 'must be seconds, such as 3600, or megabytes, such as "20M"; 0 is off';

/** S3's rules for object tags. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const tagKey = z
  .string()
  .check(z.minLength(1), z.maxLength(128), z.regex(TAG_TEXT, 'has characters that a tag may not have'));
const tagValue = z
  .string()
  .check(z.maxLength(256), z.regex(TAG_TEXT, 'has characters that a tag may not have'));

/** How one recording differs from the deployment's settings: WCS's `config`, with fields of ours. */
export const recordingConfig = z.strictObject({
  fileTemplate: z.exactOptional(template),
  /** The library's key, without extension; `/` makes folders. */
  libraryKey: z.exactOptional(template),
  /** Seconds, or megabytes as "20M". 0 is off. */
  rotation: z.exactOptional(
    z.union([
      z.int().check(z.minimum(0), z.maximum(1_000_000_000)),
      z.string().check(z.regex(/^(0|[1-9]\d{0,8}M?)$/, ROTATION)),
    ]),
  ),
  /** Seconds after which the recording is stopped. */
  maxDuration: z.exactOptional(z.int().check(z.positive(), z.maximum(1_000_000_000))),
  /** Bytes after which the recording is stopped, in all its parts together. */
  maxBytes: z.exactOptional(z.int().check(z.positive())),
  /** Seconds for which a connected source may send nothing, before it is taken for lost. */
  idleTimeout: z.exactOptional(z.int().check(z.minimum(1), z.maximum(300))),
  /** Seconds for which a lost source is tried again. 0: its first end is the recording's. */
  reconnectWindow: z.exactOptional(z.int().check(z.minimum(0), z.maximum(300))),
  /** How RTSP's media come. */
  rtspTransport: z.exactOptional(z.enum(RTSP_TRANSPORTS)),
  /** Which variant of an HLS source: what is not said stays as the deployment has it. */
  variant: z.exactOptional(z.partial(variantRuleSchema)),
  /** Hz. */
  audioSampleRate: z.exactOptional(z.int().check(z.minimum(8_000), z.maximum(96_000))),
  /** Video codecs to containers, as WCS's `record_formats`: "h264-mp4,vp8-webm". */
  format: z.exactOptional(
    z
      .string()
      .check(
        z.maxLength(256),
        z.regex(
          new RegExp(`^[a-z0-9]+-(${FORMATS.join('|')})(,[a-z0-9]+-(${FORMATS.join('|')}))*$`),
          `must be codecs and containers (${FORMATS.join(', ')}), such as "h264-mp4,vp8-webm"`,
        ),
      ),
  ),
  /** Which of the source's tracks are recorded: `{"video":false}` is sound alone, `{"audio":["de"]}` one language. */
  tracks: z.exactOptional(z.partial(tracksSchema)),
  /** When it has ended its parts become one file besides. */
  join: z.exactOptional(z.boolean()),
  /** Its records have a SHA-256 besides. */
  sha256: z.exactOptional(z.boolean()),
  /** Seconds that whoever watches it while it is recorded can go back. 0: it cannot be watched before it has ended. */
  liveWindow: z.exactOptional(z.int().check(z.minimum(0), z.maximum(LIVE_WINDOW_MAX_MS / 1000))),
  /** Which pictures are made of it; `latestEvery` in seconds, 0 for none; false: no picture at all. */
  pictures: z.exactOptional(
    z.union([
      z.literal(false),
      z.strictObject({
        poster: z.exactOptional(z.boolean()),
        latestEvery: z.exactOptional(
          z.int().check(
            z.minimum(0),
            z.maximum(LATEST_EVERY_MAX_MS / 1000),
            z.refine(
              (seconds) => seconds === 0 || seconds * 1000 >= LATEST_EVERY_MIN_MS,
              `must be 0, or at least ${LATEST_EVERY_MIN_MS / 1000}`,
            ),
          ),
        ),
        storyboard: z.exactOptional(z.boolean()),
      }),
    ]),
  ),
  /** Tags of the objects in the library. */
  tags: z.exactOptional(
    z.record(tagKey, tagValue).check(
      z.refine((tags) => Object.keys(tags).length <= TAGS_MAX, `must have at most ${TAGS_MAX} tags`),
      z.refine(
        (tags) => Object.keys(tags).every((key) => !/^aws:/i.test(key)),
        'must have no tag that begins with aws:',
      ),
    ),
  ),
});
export type RecordingConfig = z.infer<typeof recordingConfig>;

/**
 * The settings of one recording: the deployment's with what the caller's `config` changes.
 * @throws RecorderError invalid_request on `config.<field>`: a template or a format that cannot be used, or more than the
 *   deployment allows
 */
export function settingsOf(
  config: RecordingConfig,
  defaults: RecordingSettings,
  limits: RecordingLimits,
): RecordingSettings {
  const { fileTemplate, libraryKey, rotation, audioSampleRate, format } = config;
  const { join, sha256, liveWindow, pictures, tags } = config;
  const overrides: SettingsOverrides = {
    names: {
      // A template that is asked for is meant to be used, whatever the deployment's policy.
      ...(fileTemplate === undefined ? {} : { fileTemplate, policy: 'template' as const }),
      ...(libraryKey === undefined ? {} : { libraryKeyTemplate: libraryKey }),
    },
    ...(rotation === undefined ? {} : { rotation: rotationOf(String(rotation)) }),
    ...sourceOverrides(config),
    ...(audioSampleRate === undefined ? {} : { audioSampleRateHz: audioSampleRate }),
    ...(format === undefined ? {} : { formats: { ...defaults.formats, ...formatsOf(format) } }),
    ...(join === undefined ? {} : { join }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(liveWindow === undefined ? {} : { liveWindowMs: liveWindow * 1000 }),
    ...(pictures === undefined ? {} : { pictures: picturesOf(pictures) }),
    ...(tags === undefined ? {} : { tags: { ...defaults.tags, ...tags } }),
  };
  try {
    const settings = mergeSettings(defaults, overrides);
    checkDuration(settings, limits);
    return settings;
  } catch (error) {
    throw error instanceof RecorderError ? inConfig(error, config) : error;
  }
}

/**
 * The deployment's settings for those who do not come from WCS: where the deployment leaves WCS's own template, files are
 * named after stream and start.
 */
export function namedByStart(defaults: RecordingSettings): RecordingSettings {
  const { names } = defaults;
  const isWcs =
    names.policy === DEFAULT_NAME_RULES.policy && names.fileTemplate === DEFAULT_NAME_RULES.fileTemplate;
  return isWcs ? { ...defaults, names: { ...names, fileTemplate: START_TIME_FILE_TEMPLATE } } : defaults;
}

/** Limits, and how the source is followed. */
function sourceOverrides(config: RecordingConfig): SettingsOverrides {
  const { maxDuration, maxBytes, idleTimeout, reconnectWindow, rtspTransport, variant, tracks } = config;
  return {
    ...(maxDuration === undefined ? {} : { maxDurationMs: maxDuration * 1000 }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(idleTimeout === undefined ? {} : { idleTimeoutMs: idleTimeout * 1000 }),
    ...(reconnectWindow === undefined ? {} : { reconnectWindowMs: reconnectWindow * 1000 }),
    ...(rtspTransport === undefined ? {} : { rtspTransport }),
    ...(variant === undefined ? {} : { variant }),
    ...(tracks === undefined ? {} : { tracks }),
  };
}

function picturesOf(pictures: NonNullable<RecordingConfig['pictures']>): PictureOverrides {
  if (pictures === false) return false;
  const { latestEvery, ...others } = pictures;
  return { ...others, ...(latestEvery === undefined ? {} : { latestEveryMs: latestEvery * 1000 }) };
}

function rotationOf(rotation: string): RecordingSettings['rotation'] {
  const amount = Number.parseInt(rotation, 10);
  if (amount === 0) return { kind: 'none' };
  return rotation.endsWith('M')
    ? { kind: 'size', everyBytes: amount * MEGABYTE }
    : { kind: 'time', everyMs: amount * 1000 };
}

function formatsOf(format: string): RecordingSettings['formats'] {
  const pairs = format.split(',').map((pair) => pair.split('-'));
  return Object.fromEntries(pairs) as RecordingSettings['formats'];
}

const CONFIG_FIELD: Readonly<Record<string, keyof RecordingConfig>> = {
  formats: 'format',
  tracks: 'tracks',
  fileTemplate: 'fileTemplate',
  libraryKeyTemplate: 'libraryKey',
  tags: 'tags',
  maxDurationMs: 'maxDuration',
};

/** The same fault in the words of `config`. A fault of both templates together is the given one's. */
function inConfig(error: RecorderError, config: RecordingConfig): RecorderError {
  const named = CONFIG_FIELD[error.field ?? ''];
  if (named === undefined) return error;
  const given = (['libraryKey', 'fileTemplate'] as const).find((field) => config[field] !== undefined);
  const field = `config.${config[named] === undefined ? (given ?? named) : named}`;
  return new RecorderError('invalid_request', error.message.replace(/^\w+/, field), { field, cause: error });
}
