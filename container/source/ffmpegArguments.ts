import type { EncodingPlan } from '../../functions/core/formats.ts';
import type { ContainerFormat } from '../../functions/core/media/types.ts';
import { parseSource } from '../../functions/core/source.ts';

/** How long a source may say nothing: nginx and others keep a player connected after the publisher has gone. */
const SILENCE_US = 5_000_000;

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

/**
 * A list of the video's keyframes with their side data: where codec parameters change in the middle. Every line wakes
 * the recorder, so no other packet is listed; and no other stream, for which lines would wait.
 */
const KEYFRAME_LIST = [
  ...['-map', '0:v:0', '-c', 'copy', '-bsf:v', 'noise=drop=not(key)'],
  ...['-flush_packets', '1', '-f', 'framecrc', 'pipe:3'],
];

/**
 * ffmpeg's arguments: reads the source, writes fragments to stdout, a list of keyframes to descriptor 3. Only the
 * protocols that the source's scheme needs are allowed, so that a playlist cannot read files.
 * @param accessOptions more options of the input
 */
export function ffmpegArguments(
  url: string,
  plan: EncodingPlan,
  accessOptions: readonly string[] = [],
): string[] {
  const { scheme, protocols } = parseSource(url, 'source.url');
  return [
    '-hide_banner',
    '-nostdin',
    '-nostats',
    '-loglevel',
    'level+info',
    '-protocol_whitelist',
    protocols.join(','),
    ...accessOptions,
    ...inputTimeouts(scheme),
    // A frame that was cut off with the connection is no frame.
    '-fflags',
    '+discardcorrupt',
    '-i',
    url,
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
    ...(plan.video ? KEYFRAME_LIST : []),
  ];
}

function inputTimeouts(scheme: string): string[] {
  if (scheme.startsWith('rtsp')) return ['-timeout', String(SILENCE_US), '-rtsp_transport', 'tcp'];
  // SRT has its time-out in the URL.
  if (scheme === 'srt') return [];
  return ['-rw_timeout', String(SILENCE_US)];
}

function audioArguments({ format, audio }: EncodingPlan): string[] {
  // MP4 takes AAC only, and MPEG-TS's (HLS, SRT) has headers that do not belong there; other AAC passes as it is.
  if (audio === 'copy') return ['-c:a', 'copy', ...(format === 'mp4' ? ['-bsf:a', 'aac_adtstoasc'] : [])];
  // RTMP's millisecond times jitter; async=1 makes exact frames of them.
  return ['-c:a', audio.encoder, '-ar', String(audio.sampleRateHz), '-af', 'aresample=async=1'];
}
