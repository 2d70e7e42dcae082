import type { EncodingPlan } from '../../functions/core/formats.ts';
import type { ContainerFormat } from '../../functions/core/media/types.ts';
import { parseSource } from '../../functions/core/source.ts';

/** How long a source may say nothing: nginx and others keep a player connected after the publisher has gone. */
const SILENCE_US = 5_000_000;

/** A cluster ends at each keyframe, and at least every second. */
const MATROSKA_OUTPUT = ['-cluster_time_limit', '1000', '-cluster_size_limit', '100M'];

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

/** A list of all packets, with their side data: where codec parameters change in the middle. */
const PACKET_LIST = [
  ...['-map', '0:v:0?', '-map', '0:a:0?', '-c', 'copy'],
  ...['-flush_packets', '1', '-f', 'framecrc', 'pipe:4'],
];

/**
 * ffmpeg's arguments: reads the source, writes fragments to stdout, its progress to descriptor 3, a list of
 * packets to descriptor 4. Only the protocols
 * that the source's scheme needs are allowed, so that a playlist cannot read files.
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
    '-progress',
    'pipe:3',
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
    ...PACKET_LIST,
  ];
}

function inputTimeouts(scheme: string): string[] {
  if (scheme.startsWith('rtsp')) return ['-timeout', String(SILENCE_US), '-rtsp_transport', 'tcp'];
  // SRT has its time-out in the URL.
  if (scheme === 'srt') return [];
  return ['-rw_timeout', String(SILENCE_US)];
}

function audioArguments({ audio }: EncodingPlan): string[] {
  if (audio === 'copy') return ['-c:a', 'copy'];
  // RTMP's millisecond times jitter; async=1 makes exact frames of them.
  return ['-c:a', audio.encoder, '-ar', String(audio.sampleRateHz), '-af', 'aresample=async=1'];
}
