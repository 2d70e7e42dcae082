import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** In the file's own units: in frames, two that follow a gap of half a frame would seem to be at the same time. */
export const DECODE_ALL = ['-enc_time_base:v', '-1', '-f', 'null', '-'];
const FRAME_HASHES = ['-fps_mode', 'passthrough', '-f', 'framehash', '-hash', 'md5'];

const MAX_LISTING_BYTES = 64 * 1024 * 1024;

export type StreamKind = 'v' | 'a';

interface Decoded {
  /** What ffmpeg complains of. */
  readonly errors: string;
  /** Of every frame of the first stream of each kind, in the order shown; undefined where a track has none. */
  readonly hashes?: Readonly<Record<StreamKind, readonly string[]>>;
}

/** By the state of the file: starting ffmpeg is most of the work for a short one, and tests ask several things of each. */
const files = new Map<string, Promise<Decoded>>();
const tracks = new Map<string, Promise<string[]>>();

/** Decodes all of a file, once for as long as it is not written again. */
export async function decoded(file: string): Promise<Decoded> {
  return remembered(files, await stateOf(file), () => decode(file));
}

/** As `decoded` has them, if it has; otherwise nothing else of the file is decoded. @param file or its URL */
export async function hashesOf(file: string, kind: StreamKind, fromSeconds: number): Promise<string[]> {
  const state = await stateOf(file).catch(() => undefined);
  if (state === undefined) return hash(file, kind, fromSeconds);
  const all = fromSeconds === 0 ? (await files.get(state))?.hashes : undefined;
  if (all !== undefined) return [...all[kind]];
  const key = `${state} ${kind} ${fromSeconds}`;
  return [...(await remembered(tracks, key, () => hash(file, kind, fromSeconds)))];
}

async function stateOf(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [file, ino, size, mtimeNs].join(' ');
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const answer = ask();
  known.set(key, answer);
  return answer;
}

async function decode(file: string): Promise<Decoded> {
  // A track may begin long after the other.
  const hashes = ['-map', '0:v:0?', '-map', '0:a:0?', '-max_muxing_queue_size', '100000', ...FRAME_HASHES];
  try {
    const { stdout, stderr } = await decodeAll(file, [...hashes, 'pipe:1']);
    return { errors: stderr, hashes: hashesByKind(stdout) };
  } catch {
    // A track that was announced and has nothing cannot be hashed; if it is the file that is bad, this says so.
    return { errors: (await decodeAll(file, [])).stderr };
  }
}

function decodeAll(file: string, more: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const args = ['-nostdin', '-v', 'error', '-i', file, ...DECODE_ALL, ...more];
  return run('ffmpeg', args, { maxBuffer: MAX_LISTING_BYTES });
}

function hashesByKind(listing: string): Record<StreamKind, string[]> {
  const headers = [...listing.matchAll(/^#media_type (\d+): (\w)/gm)];
  const kinds = new Map(headers.map(([, index, kind]) => [index, kind]));
  const frames = framesIn(listing);
  const ofKind = (kind: StreamKind): string[] =>
    frames.filter(({ index }) => kinds.get(index) === kind).map((frame) => frame.hash);
  return { v: ofKind('v'), a: ofKind('a') };
}

async function hash(file: string, kind: StreamKind, fromSeconds: number): Promise<string[]> {
  const seek = fromSeconds === 0 ? [] : ['-ss', String(fromSeconds)];
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-nostdin', ...seek, '-i', file, '-map', `0:${kind}:0`, ...FRAME_HASHES, '-'],
    { maxBuffer: MAX_LISTING_BYTES },
  );
  return framesIn(stdout).map((frame) => frame.hash);
}

/** Lines of ffmpeg's framehash muxer: stream, dts, pts, duration, size, hash. */
function framesIn(listing: string): { readonly index: string; readonly hash: string }[] {
  return listing
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').map((column) => column.trim()))
    .map(([index = '', , , , , frameHash = '']) => ({ index, hash: frameHash }));
}
