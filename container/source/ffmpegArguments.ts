import { PACKED_DATA_TIMES } from '../../functions/core/media/nut/dataTimes.ts';
import { PACKED_TIMES, videoBesideSound } from '../../functions/core/media/nut/times.ts';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { DataCodec, DataSource } from '../../functions/core/media/tracks/timedData.ts';
import { type EncodingPlan, hasVideo } from '../../functions/core/settings/formats.ts';
import { type FoundSource, streamOf } from '../../functions/core/settings/selectTracks.ts';
import { parseSource } from '../../functions/core/source/sourceUrl.ts';
import { type Input, inputOptions } from './inputOptions.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';
import { WITHOUT_JUMPS } from './soundJumps.ts';
import type { SoundInputs } from './streamListing.ts';

/** What AAC and Opus both encode, and players know; AC-3's 5.1 has its channels at the side, Speex does not say. */
const CHANNEL_LAYOUTS = ['mono', 'stereo', '3.0', '5.0', '5.1'];

/**
 * Packets as they are, each written at once. Of several streams in one output none waits for another: ffmpeg holds one
 * packet of each at most. Without syncpoints, in its fourth version, NUT also has what a codec's configuration becomes.
 */
const NUT = [
  ...['-max_interleave_delta', '1', '-flush_packets', '1'],
  ...['-strict', 'experimental', '-syncpoints', 'none', '-write_index', '0', '-f', 'nut'],
];

/** What cannot be decoded yet is told apart here, not left out: it shows that the source is alive. */
const COPY = ['-c', 'copy', '-copyinkf'];

/** Subtitles and timed metadata, in the first output. NUT asks for a tag of each stream, and has none for metadata. */
const DATA = [
  ...['-c:d', 'copy', '-tag:d', 'DATA', '-bsf:d', PACKED_DATA_TIMES],
  ...['-c:s', 'copy', '-bsf:s', PACKED_DATA_TIMES],
];

/** Of a track that has not come yet ffmpeg opens an output with the first picture, and says so. Nobody needs the picture. */
const AWAITED = ['-frames:v', '1', '-c:v', 'rawvideo', '-f', 'rawvideo'];

/** The descriptor of an output of ffmpeg's, by its place; 2 is for what it says. */
const pipeOf = (place: number): string => `pipe:${place === 0 ? 1 : place + 2}`;

/** What ffmpeg writes to each of its outputs, given what it has found in the source. */
export function trackOutputs(plan: EncodingPlan, { streams }: FoundSource): TrackSource[][] {
  const { audio } = plan;
  const encoder = audio === 'copy' ? undefined : audio.encoder === 'libopus' ? 'opus' : audio.encoder;
  const sources = plan.maps.flatMap((map): TrackSource[] => {
    const stream = streamOf(map, streams);
    if (stream === undefined) return [];
    const { kind, codec, language, turn } = stream;
    if (kind !== 'video' && kind !== 'audio') return [];
    const isEncoded = kind === 'audio' && encoder !== undefined;
    const shown = {
      ...(language === undefined ? {} : { language }),
      ...(turn === undefined ? {} : { turn }),
    };
    return [{ kind, codec: isEncoded ? encoder : codec, isEncoded, ...shown }];
  });
  if (encoder === undefined) return [sources];
  const pictures = sources.filter(({ kind }) => kind === 'video');
  const sounds = sources.filter(({ kind }) => kind === 'audio').map((sound) => [sound]);
  return hasVideo(plan) ? [pictures, ...sounds] : sounds;
}

/**
 * ffmpeg's arguments: reads the source, writes packets to one pipe or more. Behind those is one that nobody reads, where
 * pictures are awaited. Only the protocols that the source's scheme needs are allowed, so that a playlist cannot read files.
 */
export function ffmpegArguments(
  input: Input,
  access: Pick<SourceAccess, 'url' | 'options' | 'isFed' | 'others' | 'hasSoundInside'>,
  plan: EncodingPlan,
): string[] {
  const { protocols } = parseSource(input.url, 'source.url');
  const written = outputs(input, plan, access);
  const { awaited } = plan;
  return [
    '-hide_banner',
    '-nostdin',
    '-nostats',
    '-loglevel',
    'level+info',
    // The source's own times, as they are: what jumps is put right in one place, for all tracks at once.
    '-copyts',
    ...[access, ...access.others].flatMap(({ url, options }) => [
      ...['-protocol_whitelist', access.isFed ? 'http,tcp' : protocols.join(',')],
      ...options,
      ...inputOptions(input, access.isFed),
      // A frame that was cut off with the connection is no frame.
      ...['-fflags', '+discardcorrupt', '-i', url],
    ]),
    ...written.flatMap((output, place) => [...output, ...NUT, pipeOf(place)]),
    ...(awaited === undefined || access.isFed ? [] : ['-map', awaited, ...AWAITED, pipeOf(written.length)]),
  ];
}

/** Subtitles and timed metadata, which it writes to the first of its pipes behind all tracks there. */
export function dataSources({ maps }: EncodingPlan, { streams }: FoundSource): DataSource[] {
  return maps.filter(isData).flatMap((map) => {
    const stream = streamOf(map, streams);
    if (stream === undefined) return [];
    const { codec, language } = stream;
    return [{ codec: codec as DataCodec, ...(language === undefined ? {} : { language }) }];
  });
}

const isData = (map: string): boolean => /:[ds]:/.test(map);

/** How many pipes ffmpeg writes to. */
export const outputCount = (input: Input, plan: EncodingPlan, inputs: SoundInputs): number =>
  outputs(input, plan, inputs).length;

/** Of several inputs each has one sound; undefined where there is no such input. */
function mapOf(map: string, { others, hasSoundInside }: SoundInputs): string | undefined {
  const [, place] = /^0:a:(\d+)$/.exec(map) ?? [];
  if (place === undefined || others.length === 0) return map;
  const input = Number(place) + (hasSoundInside ? 0 : 1);
  return input > others.length ? undefined : `${input}:a:0`;
}

/** The filter for the times of pictures. Sound is copied where it has the rate that is asked for (settings/formats.ts). */
function pictureTimes({ settings }: Input, { audio }: EncodingPlan, { others }: SoundInputs): string {
  if (others.length === 0) return PACKED_TIMES.video;
  return videoBesideSound(audio === 'copy' ? settings.audioSampleRateHz : audio.sampleRateHz);
}

/** What is encoded has outputs of its own: each begins with its first packet, and until then the others would wait. */
function outputs(input: Input, plan: EncodingPlan, inputs: SoundInputs): string[][] {
  const { audio } = plan;
  const mapped = plan.maps.flatMap((map) => mapOf(map, inputs) ?? []);
  const maps = mapped.filter((map) => !isData(map));
  const bsf = ['-bsf:v', pictureTimes(input, plan, inputs), '-bsf:a', PACKED_TIMES.audio];
  // The first of each kind may not be there: that is found out by opening the source.
  if (audio === 'copy')
    return withData([[...maps.flatMap((map) => ['-map', `${map}?`]), ...COPY, ...bsf]], plan);
  // RTMP's millisecond times jitter; async=1 makes exact frames of them.
  const filters = `asetpts='${WITHOUT_JUMPS}',aresample=async=1,aformat=channel_layouts=${CHANNEL_LAYOUTS.join('|')}`;
  const encoded = ['-c:a', audio.encoder, '-ar', String(audio.sampleRateHz), '-af', filters];
  const ofKind = (letter: string): readonly string[] => maps.filter((map) => map.includes(`:${letter}:`));
  const written = [
    ...ofKind('v').map((map) => ['-map', map, ...COPY, ...bsf.slice(0, 2)]),
    ...ofKind('a').map((map) => ['-map', map, ...encoded, ...bsf.slice(2)]),
  ];
  return withData(written, plan);
}

/** What comes between pictures or sound comes with them: how long before or behind them says where it belongs. */
function withData([first = [], ...others]: string[][], { maps }: EncodingPlan): string[][] {
  const data = maps.filter(isData).flatMap((map) => ['-map', `${map}?`]);
  return [data.length === 0 ? first : [...first, ...data, ...DATA], ...others];
}
