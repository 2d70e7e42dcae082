import { AUDIO, FLV_HEADER, flvTags, isConfiguration, writeFlv } from '../support/flvTags.ts';
import type { MediaFolder } from '../support/media.ts';

export const SECONDS = 16;
const LATE_MS = 680;

/** A flash and a beep at the same moment, every other second, for a fifth of a second. */
const FLASH = `color=black:s=320x180:r=25:d=${SECONDS},drawbox=color=white:t=fill:enable='lt(mod(t,2),0.2)'`;
const BEEP = `aevalsrc='if(lt(mod(t,2),0.2),0.8*sin(2*PI*1000*t),0)':s=44100:d=${SECONDS}`;
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p'];
const AAC = ['-c:a', 'aac', '-ac', '2'];

export interface Source {
  readonly name: string;
  readonly bytes: Buffer;
  /** Of the file, by its codecs. */
  readonly format: string;
}

/** What is played: a source for each case that a simple test would miss. */
export function makeSources(folder: MediaFolder): Source[] {
  const make = (
    name: string,
    video: readonly string[],
    audio: readonly string[],
    format: readonly string[],
  ) =>
    folder.pipe(name, [
      ...['-f', 'lavfi', '-i', FLASH, '-f', 'lavfi', '-i', BEEP, ...video, ...audio, ...format],
    ]);
  const flv = ['-flvflags', 'no_duration_filesize', '-f', 'flv'];
  const ordinary = make('b.flv', [...H264, '-bf', '2'], AAC, flv);
  const without = (isAway: (atMs: number) => boolean): Buffer =>
    Buffer.concat([
      FLV_HEADER,
      writeFlv(
        flvTags(ordinary).filter((tag) => tag.kind !== AUDIO || isConfiguration(tag) || !isAway(tag.atMs)),
      ),
    ]);
  const matroska = ['-f', 'matroska'];
  const opus = ['-c:a', 'libopus', '-ar', '48000'];
  return [
    { name: 'B frames', bytes: ordinary, format: 'h264-mp4' },
    { name: 'late sound', bytes: without((atMs) => atMs < LATE_MS), format: 'h264-mp4' },
    { name: 'sound away', bytes: without((atMs) => atMs >= 5_000 && atMs < 9_000), format: 'h264-mp4' },
    { name: 'muted', bytes: without(() => true), format: 'h264-mp4' },
    { name: 'Opus', bytes: make('o.mkv', H264, opus, matroska), format: 'h264-mp4' },
    {
      name: 'AV1',
      bytes: make(
        'a.mkv',
        ['-c:v', 'libsvtav1', '-preset', '12', '-g', '50', '-pix_fmt', 'yuv420p'],
        opus,
        matroska,
      ),
      format: 'av1-mp4',
    },
    {
      name: 'HEVC',
      bytes: make(
        'h.ts',
        ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=0:keyint=50'],
        AAC,
        ['-f', 'mpegts'],
      ),
      format: 'hevc-mp4',
    },
  ];
}
