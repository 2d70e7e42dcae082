import { PACKED_TIMES } from '../../functions/core/media/nut/times.ts';
import type { MergePicture } from '../../functions/core/rooms/merge.ts';
import { SOUND_CHANNELS, SOUND_RATE_HZ } from './sceneArguments.ts';

/** As from any source: packets, each with its own times (container/source/ffmpegArguments.ts). */
const NUT = [
  '-flush_packets',
  '1',
  '-strict',
  'experimental',
  '-syncpoints',
  'none',
  '-write_index',
  '0',
  '-f',
  'nut',
  'pipe:1',
];
const QUIET = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-protocol_whitelist', 'pipe'];

/** Of x264: good pictures of people and screens; what moves a lot is bounded. */
const QUALITY = 23;
const MAX_BITS_PER_PIXEL = 0.13;
const KEYFRAME_SECONDS = 2;
const SOUND_BITS_PER_SECOND = 128_000;

/** Raw pictures become H.264. */
export function pictureEncoderArguments({ width, height, fps }: MergePicture): string[] {
  const maxBitsPerSecond = Math.ceil(width * height * fps * MAX_BITS_PER_PIXEL);
  return [
    ...QUIET,
    ...[
      '-f',
      'rawvideo',
      '-pix_fmt',
      'yuv420p',
      '-s',
      `${width}x${height}`,
      '-r',
      String(fps),
      '-i',
      'pipe:0',
    ],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-crf', String(QUALITY)],
    ...['-maxrate', String(maxBitsPerSecond), '-bufsize', String(2 * maxBitsPerSecond)],
    ...['-g', String(KEYFRAME_SECONDS * fps), '-flags', '+global_header'],
    ...['-fps_mode', 'passthrough', '-bsf:v', PACKED_TIMES.video, ...NUT],
  ];
}

/**
 * Raw sound becomes AAC. Several who speak at once may be louder than a sample can say: a limiter turns down what would be
 * cut off, and nothing else. It looks ahead, and gives what it has late back in time.
 */
export function soundEncoderArguments(): string[] {
  return [
    ...QUIET,
    ...['-f', 'f32le', '-ar', String(SOUND_RATE_HZ), '-ac', String(SOUND_CHANNELS), '-i', 'pipe:0'],
    ...['-af', 'alimiter=limit=0.95:level=0:latency=1', '-c:a', 'aac', '-b:a', String(SOUND_BITS_PER_SECOND)],
    ...['-bsf:a', PACKED_TIMES.audio, ...NUT],
  ];
}
