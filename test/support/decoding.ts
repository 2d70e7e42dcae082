import { execFile, type StdioOptions, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { InputStreams } from '../../container/source/inputStreams.ts';
import type { FoundStream } from '../../functions/core/settings/selectTracks.ts';
import { keep, kept, keyFrom, SOURCES } from './madeMedia.ts';
import { HASH, probedPackets, stateOf } from './probing.ts';

const run = promisify(execFile);
/**
 * Of an output: times in the file's own units. In frames, of whatever rate ffmpeg takes a file with gaps to have, two
 * that follow a gap would seem to be at the same time.
 */
export const OWN_TIMES = ['-enc_time_base:v', '-1'];
export const DECODE_ALL = [...OWN_TIMES, '-f', 'null', '-'];
/** Of short files, threads for decoders and filters cost more than what they do: a quarter of all. */
const ALONE = ['-filter_threads', '1', '-threads', '1'];
/** It tells what it reads, and of each line how grave it is; the input follows. */
export const TELL_ALL = ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'level+info', ...ALONE];
const HASHES = ['-f', 'framehash', '-hash', HASH];
const FRAME_HASHES = ['-fps_mode', 'passthrough', ...HASHES];
const FIRST_TRACKS = ['-map', '0:v:0?', '-map', '0:a:0?'];

const MAX_LISTING_BYTES = 64 * 1024 * 1024;

export type StreamKind = 'v' | 'a';
type ByKind = Readonly<Record<StreamKind, readonly string[]>>;

/** What ffmpeg says while it reads a file. */
interface Said {
  /** What it complains of. */
  readonly errors: string;
  /** As its container tells it, to 10 ms; 0 where it tells none. */
  readonly durationMs: number;
  /** In the order of the file. */
  readonly streams: readonly FoundStream[];
}

interface Decoded extends Said {
  /** Of every frame of the first stream of each kind, in the order shown; undefined where a track has none. */
  readonly hashes?: ByKind;
  /** Of every packet of them, as it lies in the file. */
  readonly packets?: ByKind;
}

/** By the state of the file: starting ffmpeg is most of the work for a short one, and tests ask several things of each. */
const files = new Map<string, Promise<Decoded>>();

/** Decodes all of a file, once for as long as it is not written again. */
export async function decoded(file: string): Promise<Decoded> {
  const state = await stateOf(file);
  const before = files.get(state);
  if (before !== undefined) return before;
  const answer = decode(file);
  files.set(state, answer);
  return answer;
}

/** @param file or its URL */
export async function hashesOf(file: string, kind: StreamKind, fromSeconds: number): Promise<string[]> {
  if (fromSeconds !== 0) return hash(file, kind, FRAME_HASHES, ['-ss', String(fromSeconds)]);
  const all = /^https?:/.test(file) ? undefined : (await decoded(file)).hashes?.[kind];
  return all === undefined ? hash(file, kind, FRAME_HASHES) : [...all];
}

/** A hash of every packet of the first stream of a kind; nothing is decoded for it. */
export async function packetsOf(file: string, kind: StreamKind): Promise<string[]> {
  const known = (await files.get(await stateOf(file)))?.packets;
  return known === undefined ? probedPackets(file, kind) : [...known[kind]];
}

async function decode(file: string): Promise<Decoded> {
  // A track may begin long after the other.
  const frames = [...FIRST_TRACKS, '-max_muxing_queue_size', '100000', ...FRAME_HASHES, 'pipe:1'];
  const packets = [...FIRST_TRACKS, '-max_muxing_queue_size', '100000', '-c', 'copy', ...HASHES, 'pipe:3'];
  const output = [...DECODE_ALL, ...frames, ...packets];
  const found = SOURCES.has(file) ? await listingsOfSource(file, output) : await listings(file, output);
  if (found.code === 0)
    return { ...read(found.said), hashes: byKind(found.frames), packets: byKind(found.packets) };
  // A track that was announced and has nothing cannot be hashed; if it is the file that is bad, this says so.
  const args = [...TELL_ALL, '-i', file, ...DECODE_ALL];
  return read((await run('ffmpeg', args, { maxBuffer: MAX_LISTING_BYTES })).stderr);
}

interface Listings {
  readonly frames: string;
  readonly said: string;
  readonly packets: string;
  readonly code: number | null;
}

/** What a source shows is kept with it: recordings are compared with that. */
async function listingsOfSource(file: string, output: readonly string[]): Promise<Listings> {
  const key = keyFrom([...TELL_ALL, ...output, path.extname(file), await readFile(file)]);
  const known = kept(key);
  if (known !== undefined) return JSON.parse(known.toString()) as Listings;
  const found = await listings(file, output);
  if (found.code === 0) keep(key, Buffer.from(JSON.stringify(found)));
  return found;
}

async function listings(file: string, output: readonly string[]): Promise<Listings> {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'pipe'];
  const child = spawn('ffmpeg', [...TELL_ALL, '-i', file, ...output], { stdio });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve(code));
  });
  const [frames, said, packets] = await Promise.all(
    [child.stdout, child.stderr, child.stdio[3]].map((output) => text(output as Readable)),
  );
  return { frames: frames ?? '', said: said ?? '', packets: packets ?? '', code: await ended };
}

function byKind(listing: string): ByKind {
  const headers = [...listing.matchAll(/^#media_type (\d+): (\w)/gm)];
  const kinds = new Map(headers.map(([, index, kind]) => [index, kind]));
  const frames = framesIn(listing);
  const ofKind = (kind: StreamKind): string[] =>
    frames.filter(({ index }) => kinds.get(index) === kind).map((frame) => frame.hash);
  return { v: ofKind('v'), a: ofKind('a') };
}

async function hash(file: string, kind: StreamKind, how: readonly string[], seek: readonly string[] = []) {
  const input = ['-v', 'error', '-nostdin', ...ALONE, ...seek, '-i', file, '-map', `0:${kind}:0`];
  const { stdout } = await run('ffmpeg', [...input, ...how, '-'], { maxBuffer: MAX_LISTING_BYTES });
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

const LEVEL = /\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\] /;
const OF_ERRORS: readonly (string | undefined)[] = ['panic', 'fatal', 'error'];

/** Its errors are those that it says with `-loglevel error`. @param said with TELL_ALL */
export function read(said: string): Said {
  const input = new InputStreams();
  let errors = '';
  let level: string | undefined;
  for (const line of said.split('\n').filter((one) => one !== '')) {
    // What has no level goes on with what was said before.
    level = LEVEL.exec(line)?.[1] ?? level;
    const plain = line.replace(LEVEL, '');
    input.read(plain);
    if (OF_ERRORS.includes(level)) errors += `${plain}\n`;
  }
  return { errors, durationMs: input.durationMs, streams: input.listed?.streams ?? [] };
}
