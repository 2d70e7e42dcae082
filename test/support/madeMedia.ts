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

/** Files that ffmpeg has made, and nobody has written since. */
export const SOURCES = new Set<string>();

/**
 * What ffmpeg makes of these arguments, for a test's source: it is encoded once a day, and not in each run and each file
 * that asks for the same. What a recorder has written, and what ffmpeg says of it, is never kept: that is what is tested.
 * @param make runs ffmpeg
 * @param cache a folder
 */
export function made(making: Making, make: () => Buffer, cache = MADE_MEDIA): Buffer {
  const of = wholeOf(making);
  return of === undefined ? make() : madeOf(of, make, cache);
}

/** As `made`, of arguments that name no file. @param of all that it is made of */
export function madeOf(of: readonly (string | Buffer)[], make: () => Buffer, cache = MADE_MEDIA): Buffer {
  const key = keyFrom(of);
  const known = kept(key, cache);
  if (known !== undefined) return known;
  const bytes = make();
  keep(key, bytes, cache);
  return bytes;
}

export function kept(key: string, cache = MADE_MEDIA): Buffer | undefined {
  const file = fileOf(key, cache);
  return existsSync(file) ? readFileSync(file) : undefined;
}

export function keep(key: string, bytes: Buffer, cache = MADE_MEDIA): void {
  if (bytes.length > MOST_BYTES) return;
  const file = fileOf(key, cache);
  mkdirSync(path.dirname(file), { recursive: true });
  // Another process may make, or read, the same.
  const written = `${file}.${randomUUID()}`;
  writeFileSync(written, bytes);
  renameSync(written, file);
}

const fileOf = (key: string, cache: string): string => path.join(cache, key.slice(0, 2), key);

/**
 * As `madeOf`, for whoever wants no more than a file of it: it may be large, and stays as it is.
 * @param make writes it
 * @returns its path
 */
export function madeFile(
  of: readonly string[],
  extension: string,
  make: (file: string) => void,
  cache = MADE_MEDIA,
): string {
  const file = `${fileOf(keyFrom(of), cache)}${extension}`;
  if (existsSync(file)) return file;
  mkdirSync(path.dirname(file), { recursive: true });
  // Another process may make, or read, the same.
  const written = `${file}.${randomUUID()}${extension}`;
  make(written);
  renameSync(written, file);
  return file;
}

/** @param of all that something is made of, besides ffmpeg itself */
export function keyFrom(of: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const one of [program(), ...of]) hash.update(`${typeof one} ${Buffer.byteLength(one)} `).update(one);
  return hash.digest('hex');
}

/** What writes more files than the one that is named last, and what reads more than it is told. */
const SEVERAL_FILES = ['hls', 'segment', 'stream_segment', 'dash', 'concat'];
const LISTS = /\.(m3u8|mpd|txt|sdp)$/;

/** @returns undefined where the arguments do not tell all that it is made of, or that is made */
function wholeOf({ args, folder, output, extension }: Making): (string | Buffer)[] | undefined {
  if (LISTS.test(extension) || args.some((argument) => SEVERAL_FILES.includes(argument))) return undefined;
  const whole: (string | Buffer)[] = [output, extension];
  for (const argument of args) {
    // Where its bytes leave it open, a name's end says what it is.
    if (isWithin(folder, argument) && !LISTS.test(argument))
      whole.push(path.extname(argument), readFileSync(argument));
    else if (argument.startsWith('/') || argument.includes(folder) || argument.includes('://'))
      return undefined;
    else whole.push(argument);
  }
  return whole;
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
