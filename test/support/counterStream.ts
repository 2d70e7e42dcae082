import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Child } from './children.ts';
import { DECODE_ALL, decoded, OWN_TIMES, read, TELL_ALL } from './decoding.ts';

export { type Probe, probe } from './probing.ts';

const run = promisify(execFile);
const BITS = 16;
const WIDTH = 320;
const STRIP_HEIGHT = 16;

export interface CounterStreamOptions {
  readonly fps?: number;
  readonly keyframeEvery?: number;
  readonly audio?: boolean;
  readonly video?: boolean;
  /** The first frame's number. */
  readonly from?: number;
  /** Below the counter, in pixels. */
  readonly pictureHeight?: number;
}

/**
 * A moving picture with the frame's number burnt into its upper edge as 16 black or white blocks, and a tone: what a
 * recorder loses or repeats can be counted from the record itself.
 */
export function counterStreamArgs(options: CounterStreamOptions = {}): string[] {
  const {
    fps = 25,
    keyframeEvery = fps,
    audio = true,
    video = true,
    from = 0,
    pictureHeight = 164,
  } = options;
  const counter = `color=s=${BITS}x2:r=${fps},format=gray,geq=lum='if(mod(floor((N+${from})/pow(2,X)),2),235,16)',scale=${WIDTH}:${STRIP_HEIGHT}:flags=neighbor`;
  const picture = `testsrc2=size=${WIDTH}x${pictureHeight}:rate=${fps},format=gray`;
  return [
    ...(video ? ['-re', '-f', 'lavfi', '-i', `${counter}[c];${picture}[p];[c][p]vstack,format=yuv420p`] : []),
    ...(audio ? ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'] : []),
    ...(video
      ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', String(keyframeEvery)]
      : []),
    ...(audio ? ['-c:a', 'aac', '-aac_coder', 'fast', '-ac', '2', '-b:a', '96k'] : []),
  ];
}

/** Publishes the counter stream until it is stopped. */
export function publishCounter(url: string, options?: CounterStreamOptions): Child {
  return new Child('ffmpeg', [
    '-nostdin',
    '-loglevel',
    'error',
    ...counterStreamArgs(options),
    '-f',
    'flv',
    url,
  ]);
}

/** The frame numbers of a record, in the order in which they are shown. */
export async function readCounters(file: string): Promise<number[]> {
  return (await decodeCounters(file, [])).counters;
}

export interface ReadRecord {
  readonly counters: number[];
  /** As of `decodeErrors`. */
  readonly errors: string;
  /** That its container tells, to 10 ms. */
  readonly durationMs: number;
}

/** What `readCounters`, `decodeErrors` and `probe` tell of it, of one decoding. */
export function readRecord(file: string): Promise<ReadRecord> {
  return decodeCounters(file, DECODE_ALL);
}

async function decodeCounters(file: string, before: readonly string[]): Promise<ReadRecord> {
  const { stdout, stderr } = await run(
    'ffmpeg',
    [
      // The strip lies where it was coded, however a player is to turn the picture.
      ...[...TELL_ALL, '-noautorotate', '-i', file, ...before],
      ...['-map', '0:v:0', '-fps_mode', 'passthrough'],
      ...['-vf', `crop=${WIDTH}:${STRIP_HEIGHT}:0:0,scale=${BITS}:1:flags=area,format=gray`],
      ...[...OWN_TIMES, '-f', 'rawvideo', 'pipe:1'],
    ],
    { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
  );
  const counters: number[] = [];
  for (let at = 0; at + BITS <= stdout.length; at += BITS) {
    let counter = 0;
    for (let bit = 0; bit < BITS; bit++) if ((stdout[at + bit] ?? 0) > 125) counter += 2 ** bit;
    counters.push(counter);
  }
  const { errors, durationMs } = read(stderr.toString());
  return { counters, errors, durationMs };
}

/** What ffmpeg complains of while it decodes all of the file; '' for a sound one. */
export async function decodeErrors(file: string): Promise<string> {
  return (await decoded(file)).errors;
}
