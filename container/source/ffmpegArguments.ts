import type { ContainerFormat } from '../../functions/core/media/types.ts';
import type { EncodingPlan } from '../../functions/core/settings/formats.ts';
import { parseSource } from '../../functions/core/source/sourceUrl.ts';
import { type Input, inputOptions } from './inputOptions.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';

/** A cluster ends at each keyframe, and at least every second. Checksums would be of what is written anew. */
const MATROSKA_OUTPUT = ['-cluster_time_limit', '1000', '-cluster_size_limit', '100M', '-write_crc32', '0'];

const OUTPUTS: Readonly<Record<ContainerFormat, readonly string[]>> = {
  // delay_moov keeps the first audio/video offset, which empty_moov alone drops. A fragment ends at each keyframe, and
  // at least every second.
  mp4: [
    '-f',
    'mp4',
    '-movflags',
    '+frag_keyframe+empty_moov+delay_moov+default_base_moof+skip_trailer',
    '-frag_duration',
    '1000000',
  ],
  webm: ['-f', 'webm', ...MATROSKA_OUTPUT],
  mkv: ['-f', 'matroska', ...MATROSKA_OUTPUT],
  // Tables come before each keyframe, and at least every second.
  ts: ['-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0', '-pat_period', '1'],
};

/** As ffmpeg evaluates it for a packet: keyframes are told, and of the others what comes a second after the last one. */
const KEYFRAMES = 'if(key+gte(pts*tb-ld(0)\\,1)\\,0*st(0\\,pts*tb)\\,1)';

/** What AAC and Opus both encode, and players know; AC-3's 5.1 has its channels at the side, Speex does not say. */
const CHANNEL_LAYOUTS = ['mono', 'stereo', '3.0', '5.0', '5.1'];

/** ffmpeg 7.1 takes no AAC packet of an RTSP source for a keyframe, and a copy begins with one. */
const ALL_AUDIO = ['-copyinkf:a'];

/**
 * A list of packets with their side data: it shows where codec parameters change in the middle, and that the source is
 * not silent. Each line wakes the recorder, so most are dropped. A line waits for the next one of the other stream,
 * 0.1 s at most: enough audio is told for a keyframe to be shown before its fragment is written.
 */
const PACKET_LIST = [
  ...['-map', '0:v:0?', '-map', '0:a:0?', '-c', 'copy', ...ALL_AUDIO],
  ...['-bsf:v', `noise=drop=${KEYFRAMES}`, '-bsf:a', 'noise=drop=mod(n\\,8)'],
  ...['-max_interleave_delta', '100000', '-flush_packets', '1', '-f', 'framecrc', 'pipe:3'],
];

/**
 * ffmpeg's arguments: reads the source, writes fragments to stdout, a list of packets to descriptor 3. Only the protocols
 * that the source's scheme needs are allowed, so that a playlist cannot read files.
 */
export function ffmpegArguments(
  input: Input,
  access: Pick<SourceAccess, 'url' | 'options'>,
  plan: EncodingPlan,
): string[] {
  const { protocols } = parseSource(input.url, 'source.url');
  return [
    '-hide_banner',
    '-nostdin',
    '-nostats',
    '-loglevel',
    'level+info',
    '-protocol_whitelist',
    protocols.join(','),
    ...access.options,
    ...inputOptions(input),
    // A frame that was cut off with the connection is no frame.
    '-fflags',
    '+discardcorrupt',
    '-i',
    access.url,
    '-map',
    '0:v:0?',
    '-map',
    '0:a:0?',
    '-c:v',
    'copy',
    ...audioArguments(plan),
    '-max_muxing_queue_size',
    '4096',
    ...OUTPUTS[plan.format],
    'pipe:1',
    ...PACKET_LIST,
  ];
}

function audioArguments({ format, audio }: EncodingPlan): string[] {
  // MP4 takes AAC only, and MPEG-TS's (HLS, SRT) has headers that do not belong there; other AAC passes as it is.
  if (audio === 'copy')
    return ['-c:a', 'copy', ...(format === 'mp4' ? ['-bsf:a', 'aac_adtstoasc'] : []), ...ALL_AUDIO];
  // RTMP's millisecond times jitter; async=1 makes exact frames of them.
  const filters = `aresample=async=1,aformat=channel_layouts=${CHANNEL_LAYOUTS.join('|')}`;
  return ['-c:a', audio.encoder, '-ar', String(audio.sampleRateHz), '-af', filters];
}
