import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { type CounterStreamOptions, counterStreamArgs } from './counterStream.ts';
import { madeOf } from './madeMedia.ts';
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
export function makeSegments(folder: MediaFolder, options: SegmentsOptions): Segments {
  const bytes = madeOf(argumentsOf(options, ''), () => serialize(filesOf(folder, options)));
  const [init, ...segments] = (deserialize(bytes) as Uint8Array[]).map((piece) =>
    Buffer.from(piece.buffer, piece.byteOffset, piece.length),
  );
  if (options.type !== 'fmp4' || init === undefined) return { init: undefined, segments };
  for (const segment of segments) moveTimes(segment, init, options.laterSeconds ?? 0);
  return { init, segments };
}

/** @param place what the names of files begin with */
function argumentsOf(options: SegmentsOptions, place: string): string[] {
  const { seconds, segmentSeconds = 1, type = 'mpegts', codec = [], startSeconds = 10 } = options;
  const source = counterStreamArgs(options).filter((argument) => argument !== '-re');
  const files = `${place}${SEGMENT}%03d.${type === 'fmp4' ? 'm4s' : 'ts'}`;
  return [
    // As MediaFolder has it: threads of an encoder take several times as much.
    ...[...source, ...codec, '-threads', '1', '-t', String(seconds)],
    ...['-output_ts_offset', String(startSeconds), '-muxdelay', '0', '-muxpreload', '0'],
    ...(options.restartsCounters
      ? ['-f', 'segment', '-segment_format', 'mpegts', '-segment_time', String(segmentSeconds)]
      : [
          ...['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_list_size', '0'],
          ...['-hls_segment_type', type, '-hls_fmp4_init_filename', INIT],
          ...['-hls_segment_filename', files],
        ]),
    options.restartsCounters ? files : `${place}segments.m3u8`,
  ];
}

const INIT = 'segments-init';
const SEGMENT = 'segment-';

/** @returns the initialization segment, empty where there is none, and all others */
function filesOf(folder: MediaFolder, options: SegmentsOptions): Buffer[] {
  const args = argumentsOf(options, `${folder.path}/`);
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);
  const names = readdirSync(folder.path).filter((file) => file.startsWith(SEGMENT));
  const init = options.type === 'fmp4' ? take(folder.file(INIT)) : Buffer.alloc(0);
  return [init, ...names.sort().map((file) => take(folder.file(file)))];
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
