import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Cell } from '../../functions/core/rooms/grid.ts';

const run = promisify(execFile);
const FPS = 25;
const RATE_HZ = 8_000;
/** Of the clock: who it is, and the room's frame. */
const WHO_BITS = 3;
const FRAME_BITS = 9;
const BITS = WHO_BITS + FRAME_BITS;

/** A participant's record: a clock that shows who it is and which of the room's frames, and a tone. */
export interface Take {
  readonly file: string;
  /** From 1. */
  readonly who: number;
  readonly fromFrame: number;
  readonly frames: number;
  readonly size?: string;
  readonly toneHz?: number;
  readonly encoders: readonly string[];
}

/** Makes a record of black and white blocks that can be read from the smallest cell. */
export async function makeTake(folder: string, take: Take): Promise<{ bytes: Buffer; durationMs: number }> {
  const { file, who, fromFrame, frames, size, toneHz, encoders } = take;
  const bit = `if(lt(X,${WHO_BITS}),mod(floor(${who}/pow(2,X)),2),mod(floor((N+${fromFrame})/pow(2,X-${WHO_BITS})),2))`;
  const clock = `color=s=${BITS}x2:r=${FPS},format=gray,geq=lum='if(${bit},235,16)',scale=${size?.replace('x', ':')}:flags=neighbor,setsar=1,format=yuv420p`;
  const target = path.join(folder, file);
  await run('ffmpeg', [
    ...['-nostdin', '-loglevel', 'error', '-y'],
    ...(size === undefined ? [] : ['-f', 'lavfi', '-i', clock]),
    ...(toneHz === undefined ? [] : ['-f', 'lavfi', '-i', `sine=frequency=${toneHz}:sample_rate=48000`]),
    ...['-t', String(frames / FPS), '-threads', '1', ...encoders, target],
  ]);
  return { bytes: await readFile(target), durationMs: (frames * 1_000) / FPS };
}

export interface Clock {
  /** 0: it is black. */
  readonly who: number;
  readonly frame: number;
}

/** What each frame of a record shows in these places, frame after frame. */
export async function readClocks(file: string, places: readonly Cell[]): Promise<Clock[][]> {
  const crops = places.map(
    ({ x, y, width, height }, place) =>
      `[p${place}]crop=${width}:${height}:${x}:${y},scale=${BITS}:1:flags=area,format=gray[c${place}]`,
  );
  const split = `[0:v]split=${places.length}${places.map((_, place) => `[p${place}]`).join('')}`;
  const stacked =
    places.length === 1
      ? '[c0]null'
      : `${places.map((_, place) => `[c${place}]`).join('')}vstack=${places.length}`;
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-nostdin', '-loglevel', 'error', '-threads', '1', '-i', file, '-filter_complex'],
      ...[`${split};${crops.join(';')};${stacked}`, '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'],
    ],
    { encoding: 'buffer', maxBuffer: 16 * 1024 * 1024 },
  );
  const clocks: Clock[][] = [];
  for (let at = 0; at + BITS * places.length <= stdout.length; at += BITS * places.length)
    clocks.push(
      places.map((_, place) => clockOf(stdout.subarray(at + place * BITS, at + (place + 1) * BITS))),
    );
  return clocks;
}

function clockOf(blocks: Buffer): Clock {
  const numberOf = (bits: Buffer): number =>
    bits.reduce((sum, luma, bit) => sum + (luma > 125 ? 2 ** bit : 0), 0);
  return { who: numberOf(blocks.subarray(0, WHO_BITS)), frame: numberOf(blocks.subarray(WHO_BITS)) };
}

/** How loud a record is at each of these frequencies, in each of its frames' time: amplitudes, of 1 at most. */
export async function readTones(file: string, frequencies: readonly number[]): Promise<number[][]> {
  const { stdout } = await run(
    'ffmpeg',
    [
      '-nostdin',
      '-loglevel',
      'error',
      '-i',
      file,
      '-map',
      '0:a:0',
      '-ac',
      '1',
      '-ar',
      String(RATE_HZ),
      '-f',
      'f32le',
      'pipe:1',
    ],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  const samples = new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
  const window = RATE_HZ / FPS;
  const loudness: number[][] = [];
  for (let at = 0; at + window <= samples.length; at += window)
    loudness.push(frequencies.map((hz) => amplitude(samples.subarray(at, at + window), hz)));
  return loudness;
}

function amplitude(samples: Float32Array, hz: number): number {
  let [real, imaginary] = [0, 0];
  for (const [place, sample] of samples.entries()) {
    const angle = (2 * Math.PI * hz * place) / RATE_HZ;
    real += sample * Math.cos(angle);
    imaginary += sample * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}
