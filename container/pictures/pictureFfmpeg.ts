import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { NutReader } from '../../functions/core/media/nut/reader.ts';
import { VIDEO_TIMESCALE } from '../../functions/core/media/nut/times.ts';
import { isJpeg } from '../../functions/core/pictures/storyboard.ts';
import { FFMPEG_ENVIRONMENT } from '../source/ffmpeg.ts';
import { endFirstWithoutMemory } from '../source/memoryShortage.ts';
import { LARGE_PIPE, placeOf, TILES_PIPE } from './arguments.ts';

/** What it writes at most; a picture has 100 KB. */
const WRITTEN_MAX_BYTES = 32 * 1024 * 1024;
const SAID_MAX_CHARS = 2_000;

/** What an ffmpeg says that was built without something that pictures need. */
const CANNOT = [
  /[Dd]ecoder .*not found/,
  /no decoder found/i,
  /hardware accelerated AV1 decoding/,
  /Unknown (encoder|input format|output format)/,
  /No such filter/,
  /Unrecognized option/,
  /not a suitable output format/,
  /Requested output format .* is not/,
];

/** This ffmpeg will never make such pictures. */
export class CannotMakePictures extends Error {
  override readonly name = 'CannotMakePictures';
}

/** JPEGs by the place of their keyframe in the input. */
export type Pictures = ReadonlyMap<number, Buffer>;

export interface PictureRun {
  readonly path: string;
  readonly arguments: readonly string[];
  /** Of the kernel's, up to 19. */
  readonly niceness: number;
  readonly input: readonly Buffer[];
  /** Kills it. */
  readonly signal: AbortSignal;
}

/**
 * One run of an ffmpeg that decodes: what it reads is hostile. It has neither our environment nor a file or address to open,
 * gives way to all that records, is the first to go where memory is short, and has so much time.
 * @returns what it wrote to each of its pipes: small pictures and large ones
 * @throws CannotMakePictures; any other error is of this input alone
 */
export async function runPictureFfmpeg(run: PictureRun): Promise<{ tiles: Pictures; large: Pictures }> {
  run.signal.throwIfAborted();
  // By a program of the system: whose ffmpeg it is, nobody else may change its priority later.
  const child = spawn('nice', ['-n', String(run.niceness), run.path, ...run.arguments], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: FFMPEG_ENVIRONMENT,
  });
  const kill = (): void => void child.kill('SIGKILL');
  run.signal.addEventListener('abort', kill);
  try {
    const exited = exitOf(child);
    const [said, tiles, large] = [
      tail(child.stderr as Readable),
      allOf(child.stdio[TILES_PIPE] as Readable, kill),
      allOf(child.stdio[LARGE_PIPE] as Readable, kill),
    ];
    const fed = feed(child, run);
    const [code, text, tileBytes, largeBytes] = await Promise.all([exited, said, tiles, large, fed]);
    run.signal.throwIfAborted();
    if (CANNOT.some((pattern) => pattern.test(text))) throw new CannotMakePictures(text.trim());
    const made = { tiles: picturesIn(tileBytes), large: picturesIn(largeBytes) };
    // What it says of one keyframe does not matter where others have become pictures.
    if (made.tiles.size + made.large.size === 0)
      throw new Error(`ffmpeg made no picture (exit code ${code}): ${text.trim()}`);
    return made;
  } finally {
    run.signal.removeEventListener('abort', kill);
    kill();
  }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

/** It begins with what it reads, and so with its other threads: by then it is what it is to be. */
async function feed(child: ChildProcess, { input }: PictureRun): Promise<void> {
  const stdin = child.stdin as Writable;
  // One that has ended does not read to the end; its exit code says so.
  stdin.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined) return;
  await endFirstWithoutMemory(pid);
  for (const piece of input) stdin.write(piece);
  stdin.end();
}

async function allOf(stream: Readable, onTooMuch: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > WRITTEN_MAX_BYTES) {
      onTooMuch();
      throw new Error('ffmpeg wrote more than pictures have');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function tail(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>)
    text = (text + chunk.toString('utf8')).slice(-SAID_MAX_CHARS);
  return text;
}

/** @throws MediaError this is not what ffmpeg was asked for */
function picturesIn(bytes: Buffer): Pictures {
  const found = new Map<number, Buffer>();
  for (const { dts, data } of new NutReader().push(bytes)) {
    if (isJpeg(data)) found.set(placeOf(dts / VIDEO_TIMESCALE), Buffer.from(data));
  }
  return found;
}
