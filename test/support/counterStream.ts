import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Child } from './children.ts';
import { BITS, type CounterStreamOptions, STRIP_HEIGHT, WIDTH } from './counterArgs.ts';
import { DECODE_ALL, decoded, OWN_TIMES, read, TELL_ALL } from './decoding.ts';
import { liveCounterArgs } from './liveCounter.ts';

export { type CounterStreamOptions, counterStreamArgs } from './counterArgs.ts';
export { type Probe, probe } from './probing.ts';

const run = promisify(execFile);
/** Publishes the counter stream until it is stopped. */
export function publishCounter(url: string, options?: CounterStreamOptions): Child {
  return new Child('ffmpeg', [
    '-nostdin',
    '-loglevel',
    'error',
    ...liveCounterArgs(options),
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
