import { PACKED_TIMES } from '../../functions/core/media/nut/times.ts';
import type { Size } from '../../functions/core/pictures/size.ts';

/** 4096 × 2304: a frame of that takes 14 MB, or 28 with ten bits, and a decoder holds a few. */
export const PICTURE_MAX_PIXELS = 9_437_184;
/** What one block of memory may be. */
const ALLOCATED_MAX_BYTES = 128 * 1024 * 1024;
/** In seconds of CPU. The kernel ends what takes longer. */
const CPU_MAX_SECONDS = 10;
/** Of JPEG, from 2 (best) to 31. */
const PICTURE_QUALITY = 5;
const TILE_QUALITY = 6;

/** Reads one file of keyframes from its input, and opens nothing else, whatever stands in it. One thread for all it does. */
const INPUT = [
  ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error'],
  ...['-max_alloc', String(ALLOCATED_MAX_BYTES), '-timelimit', String(CPU_MAX_SECONDS)],
  ...['-filter_threads', '1', '-filter_complex_threads', '1'],
  ...['-protocol_whitelist', 'pipe', '-threads', '1', '-max_pixels', String(PICTURE_MAX_PIXELS)],
  // A keyframe that is not the first of its kind is shown as well as it can be.
  ...['-flags', '+output_corrupt', '-f', 'matroska', '-i', 'pipe:0'],
];

/**
 * A decoder gives keyframes of open GOPs in any order, and an encoder takes times that grow: the time that says which
 * keyframe a picture is of is the rest of this many seconds.
 */
const TURN_SECONDS = 64;
const TURN = `setpts=(N*${TURN_SECONDS}+round(T))/TB`;
export const placeOf = (seconds: number): number => Math.round(seconds) % TURN_SECONDS;

/** One JPEG for each frame. */
const output = (filters: readonly string[], quality: number, pipe: number): string[] => [
  ...['-map', '0:v', '-vf', [...filters, TURN, 'format=yuvj420p'].join(','), '-fps_mode', 'passthrough'],
  ...['-c:v', 'mjpeg', '-threads', '1', '-q:v', String(quality), '-strict', 'experimental'],
  ...['-bsf:v', PACKED_TIMES.video, '-syncpoints', 'none', '-write_index', '0', '-f', 'nut', `pipe:${pipe}`],
];

const scale = ({ width, height }: Size): string => `scale=${width}:${height}:flags=bilinear`;

export interface BatchPlan {
  /** Undefined: there are to be none. */
  readonly tile: Size | undefined;
  readonly large: Size;
  /** Which of the keyframes become large pictures. */
  readonly largePlaces: readonly number[];
}

/** Small pictures of all keyframes, to the first pipe; large ones of some, to the other. */
export function batchArguments({ tile, large, largePlaces }: BatchPlan): string[] {
  const wanted = largePlaces.map((place) => `eq(round(t)\\,${place})`).join('+');
  return [
    ...INPUT,
    ...(tile === undefined ? [] : output([scale(tile)], TILE_QUALITY, TILES_PIPE)),
    ...(wanted === '' ? [] : output([`select=${wanted}`, scale(large)], PICTURE_QUALITY, LARGE_PIPE)),
  ];
}

/** One picture of all that come, in rows. */
export function spriteArguments(tile: Size, columns: number, rows: number): string[] {
  // Of another size is none of ours.
  return [...INPUT, ...output([scale(tile), `tile=${columns}x${rows}`], TILE_QUALITY, TILES_PIPE)];
}

export const TILES_PIPE = 1;
export const LARGE_PIPE = 3;
