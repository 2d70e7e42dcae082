import { RecorderError } from '../api/errors.ts';
import { OPUS_RATE_HZ } from '../media/tracks/opus.ts';
import type { ContainerFormat } from '../media/types.ts';
import { type FoundSource, type FoundStream, isThere, type LeftOut, selectTracks } from './selectTracks.ts';
import type { TrackSettings } from './tracks.ts';

/** What each container carries, by ffmpeg's names, and what audio becomes that it does not carry. */
interface Carrier {
  readonly video: readonly string[];
  readonly audio: readonly string[];
  readonly encoder: 'aac' | 'libopus';
  /** Subtitles and timed metadata. */
  readonly data?: readonly string[];
}

const CARRIERS: Readonly<Record<ContainerFormat, Carrier>> = {
  mp4: { video: ['h264', 'hevc', 'av1'], audio: ['aac'], encoder: 'aac' },
  ts: {
    video: ['h264', 'hevc'],
    audio: ['aac'],
    encoder: 'aac',
    data: ['scte_35', 'timed_id3', 'klv', 'dvb_subtitle', 'dvb_teletext'],
  },
  webm: { video: ['vp8', 'vp9', 'av1'], audio: ['opus', 'vorbis'], encoder: 'libopus' },
  mkv: {
    video: ['h264', 'hevc', 'av1', 'vp8', 'vp9', 'mpeg4', 'mpeg2video', 'mjpeg', 'theora'],
    audio: ['aac', 'opus', 'vorbis', 'mp3', 'flac', 'pcm_s16le', 'pcm_s24le', 'pcm_f32le'],
    encoder: 'aac',
  },
};

/** Where a video codec goes that the settings do not name. */
const USUAL: Readonly<Record<string, ContainerFormat>> = {
  h264: 'mp4',
  hevc: 'mp4',
  av1: 'mp4',
  vp8: 'webm',
  vp9: 'webm',
};

/** What ffmpeg is asked to make of a source. Video is always copied. */
export interface EncodingPlan {
  readonly format: ContainerFormat;
  /** 'copy', or the encoder that the container needs. */
  readonly audio: 'copy' | { readonly encoder: 'aac' | 'libopus'; readonly sampleRateHz: number };
  /** What ffmpeg is to `-map`: pictures first. */
  readonly maps: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** Pictures that were announced and had not come when the source was opened, by the name that ffmpeg has for them. */
  readonly awaited?: string;
}

export const hasVideo = ({ maps }: Pick<EncodingPlan, 'maps'>): boolean =>
  maps.some((map) => map.startsWith('0:v:'));

/**
 * ffmpeg does what `next` asks for when it was given `current`: packets are copied into any container, and what the source
 * has not got is not written.
 */
export function isServedBy(next: EncodingPlan, current: EncodingPlan, found: FoundSource): boolean {
  const written = current.maps.filter((map) => isThere(map, found));
  if (next.maps.length !== written.length || next.maps.some((map, i) => map !== written[i])) return false;
  if (next.audio === 'copy' || current.audio === 'copy') return next.audio === current.audio;
  return (
    hasVideo(next) === hasVideo(current) &&
    next.audio.encoder === current.audio.encoder &&
    next.audio.sampleRateHz === current.audio.sampleRateHz
  );
}

/**
 * How these streams are recorded. Audio alone becomes MP4 with AAC.
 * @param encodes undone, sound stays as it is, whatever its rate, in another container where the usual one does not take it
 */
export function planFor(
  found: FoundSource,
  settings: {
    readonly formats: Readonly<Record<string, ContainerFormat>>;
    readonly audioSampleRateHz: number;
    readonly tracks: TrackSettings;
  },
  encodes = true,
): EncodingPlan {
  const media = selectTracks(found, settings.tracks);
  const streams = media.tracks.map(({ stream }) => stream);
  const video = streams.find(({ kind }) => kind === 'video');
  const sounds = streams.filter(({ kind }) => kind === 'audio');
  const usual = video === undefined ? 'mp4' : (settings.formats[video.codec] ?? USUAL[video.codec] ?? 'mkv');
  const takes = (one: ContainerFormat): boolean => streams.every((stream) => isCarried(stream, one));
  const format = encodes ? usual : (([usual, 'webm', 'mkv'] as const).find(takes) ?? 'mkv');
  const carrier = CARRIERS[format];
  const hasData = carrier.data !== undefined && found.hasSoundApart !== true;
  const { tracks, leftOut } = hasData ? selectTracks(found, settings.tracks, carrier.data) : media;
  const maps = tracks.map(({ map }) => map);
  const late = video === undefined ? firstAwaited(found, leftOut) : undefined;
  const awaited = late === undefined ? {} : { awaited: late };
  if (!encodes || sounds.every((sound) => fits(sound, format, settings.audioSampleRateHz)))
    return { format, audio: 'copy', maps, leftOut, ...awaited };
  const sampleRateHz = carrier.encoder === 'libopus' ? OPUS_RATE_HZ : settings.audioSampleRateHz;
  return { format, audio: { encoder: carrier.encoder, sampleRateHz }, maps, leftOut, ...awaited };
}

function firstAwaited({ streams }: FoundSource, leftOut: readonly LeftOut[]): string | undefined {
  if (!leftOut.some(({ kind, reason }) => kind === 'video' && reason === 'never_came')) return undefined;
  const place = streams
    .filter(({ kind }) => kind === 'video')
    .findIndex(({ isUnknown }) => isUnknown === true);
  return `0:v:${place}`;
}

const isCarried = ({ kind, codec }: FoundStream, format: ContainerFormat): boolean =>
  kind === 'video' || kind === 'audio' ? CARRIERS[format][kind].includes(codec) : true;

function fits({ codec, sampleRateHz }: FoundStream, format: ContainerFormat, wantedHz: number): boolean {
  return CARRIERS[format].audio.includes(codec) && (codec === 'opus' || sampleRateHz === wantedHz);
}

/**
 * Refuses a map of codecs to containers that no player expects, such as H.264 in WebM.
 * @throws RecorderError invalid_request on `formats`, naming what to use
 */
export function checkFormats(formats: Readonly<Record<string, ContainerFormat>>): void {
  for (const [codec, format] of Object.entries(formats)) {
    if (CARRIERS[format].video.includes(codec)) continue;
    const able = Object.entries(CARRIERS)
      .filter(([, { video }]) => video.includes(codec))
      .map(([name]) => name);
    const rule =
      able.length === 0 ? `${codec} is no video codec that is known here` : `use ${able.join(' or ')}`;
    throw new RecorderError('invalid_request', `formats: ${codec} is not recorded to ${format}: ${rule}`, {
      field: 'formats',
    });
  }
}
