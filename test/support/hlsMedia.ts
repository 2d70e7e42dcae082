import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type CounterStreamOptions, counterStreamArgs } from './counterStream.ts';
import type { MediaFolder } from './media.ts';

export interface SegmentsOptions extends CounterStreamOptions {
  readonly seconds: number;
  readonly segmentSeconds?: number;
  readonly type?: 'mpegts' | 'fmp4';
  /** ffmpeg's arguments for the picture, in the place of H.264's. */
  readonly codec?: readonly string[];
  /** The first segment's own time, in seconds. */
  readonly startSeconds?: number;
  /** Of fragmented MP4 with one track: all its times are later by so much, as ffmpeg cannot write them. */
  readonly laterSeconds?: number;
  /** Segments that begin with counters of their own, as packagers write them. */
  readonly restartsCounters?: boolean;
}

export interface Segments {
  readonly init: Buffer | undefined;
  readonly segments: readonly Buffer[];
}

/** Segments of the counter stream, made at once. */
export function makeSegments(folder: MediaFolder, name: string, options: SegmentsOptions): Segments {
  const { seconds, segmentSeconds = 1, type = 'mpegts', codec, startSeconds = 10 } = options;
  const ext = type === 'fmp4' ? 'm4s' : 'ts';
  const source = counterStreamArgs(options).filter((argument) => argument !== '-re');
  const output = options.restartsCounters
    ? [
        ...['-f', 'segment', '-segment_format', 'mpegts', '-segment_time', String(segmentSeconds)],
        folder.file(`${name}-%03d.${ext}`),
      ]
    : [
        ...['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_list_size', '0'],
        ...['-hls_segment_type', type, '-hls_fmp4_init_filename', `${name}-init.mp4`],
        ...['-hls_segment_filename', folder.file(`${name}-%03d.${ext}`), folder.file(`${name}.m3u8`)],
      ];
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', ...source, ...(codec ?? []), '-t', String(seconds)],
    ...['-output_ts_offset', String(startSeconds), '-muxdelay', '0', '-muxpreload', '0', ...output],
  ]);
  const names = readdirSync(folder.path).filter((file) => file.startsWith(`${name}-`) && file.endsWith(ext));
  const segments = names.sort().map((file) => take(path.join(folder.path, file)));
  const init = type === 'fmp4' ? take(folder.file(`${name}-init.mp4`)) : undefined;
  if (init !== undefined) for (const segment of segments) moveTimes(segment, init, options.laterSeconds ?? 0);
  return { init, segments };
}

/** In the `tfdt` of each fragment: version 1, flags, and 64 bits in units that `mdhd` says, in version 0. */
function moveTimes(segment: Buffer, init: Buffer, seconds: number): void {
  const timescale = init.readUInt32BE(init.indexOf('mdhd') + 16);
  for (let at = segment.indexOf('tfdt'); at >= 0; at = segment.indexOf('tfdt', at + 4))
    segment.writeBigUInt64BE(segment.readBigUInt64BE(at + 8) + BigInt(seconds * timescale), at + 8);
}

function take(file: string): Buffer {
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}

/** A playlist of these lines, with what every one begins with. */
export function playlist(...lines: readonly string[]): string {
  return ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:1', ...lines, ''].join('\n');
}

export const segmentLines = (uri: string, seconds = 1): readonly string[] => [`#EXTINF:${seconds},`, uri];
export const END = '#EXT-X-ENDLIST';
