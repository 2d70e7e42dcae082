import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Making {
  /** ffmpeg's, without its output. */
  readonly args: readonly string[];
  /** Where the files are that they name. */
  readonly folder: string;
  /** `pipe`: ffmpeg cannot go back in what it writes. */
  readonly output: 'file' | 'pipe';
  /** Of the output, by which ffmpeg knows its container, with the dot; '' of a pipe. */
  readonly extension: string;
}

export const MADE_MEDIA = path.resolve(import.meta.dirname, '../../node_modules/.cache/test-media');
/** What is larger takes more of the disk than it saves. */
const MOST_BYTES = 32 * 1024 ** 2;

/**
 * What ffmpeg makes of these arguments, for a test's source: it is encoded once a day, and not in each run and each file
 * that asks for the same. What a recorder has written, and what ffmpeg says of it, is never kept: that is what is tested.
 * @param make runs ffmpeg
 * @param cache a folder
 */
export function made(making: Making, make: () => Buffer, cache = MADE_MEDIA): Buffer {
  const key = keyOf(making);
  return key === undefined ? make() : keptAs(key, make, cache);
}

/** As `made`, of arguments that name no file. @param of all that it is made of */
export function madeOf(of: readonly unknown[], make: () => Buffer): Buffer {
  const key = createHash('sha256')
    .update(JSON.stringify([program(), ...of]))
    .digest('hex');
  return keptAs(key, make, MADE_MEDIA);
}

function keptAs(key: string, make: () => Buffer, cache: string): Buffer {
  const file = path.join(cache, key.slice(0, 2), key);
  if (existsSync(file)) return readFileSync(file);
  const bytes = make();
  if (bytes.length > MOST_BYTES) return bytes;
  mkdirSync(path.dirname(file), { recursive: true });
  // Another process may make, or read, the same.
  const written = `${file}.${randomUUID()}`;
  writeFileSync(written, bytes);
  renameSync(written, file);
  return bytes;
}

/** What writes more files than the one that is named last, and what reads more than it is told. */
const SEVERAL_FILES = ['hls', 'segment', 'stream_segment', 'dash', 'concat'];
const LISTS = /\.(m3u8|mpd|txt|sdp)$/;

/** @returns undefined where the arguments do not tell all that it is made of, or that is made */
function keyOf({ args, folder, output, extension }: Making): string | undefined {
  if (LISTS.test(extension) || args.some((argument) => SEVERAL_FILES.includes(argument))) return undefined;
  const hash = createHash('sha256').update(JSON.stringify([program(), output, extension]));
  for (const argument of args) {
    if (isWithin(folder, argument) && !LISTS.test(argument))
      hash.update(readFileSync(argument)).update('\0file');
    else if (argument.startsWith('/') || argument.includes(folder) || argument.includes('://'))
      return undefined;
    else hash.update(argument);
    hash.update('\0');
  }
  return hash.digest('hex');
}

const isWithin = (folder: string, file: string): boolean =>
  file.startsWith(`${folder}${path.sep}`) && existsSync(file);

/** Which ffmpeg it is: the program's file, as it is installed. */
function program(): string {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, 'ffmpeg');
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined) return [file, found.size, found.mtimeMs].join(' ');
  }
  return '';
}
