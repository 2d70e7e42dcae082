import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import {
  decodeLogged,
  encodeLogged,
  type Logged,
  type LoggedEntry,
} from '../../functions/core/journal/writeAhead.ts';
import type { HeldBytes } from './partMemory.ts';

/** A fragment that the journal is to have. */
export interface AddedToLog {
  readonly entry: Omit<LoggedEntry, 'crc32'>;
  /** Whether its bytes are still there. */
  readonly isKept: () => boolean;
  /** Of bytes that are kept. */
  readonly crc32: () => number;
  /** @throws the disk's own error */
  readonly hold: () => Promise<HeldBytes>;
  /** Whether S3 has it, or nobody needs it any more. */
  readonly isSaved: () => boolean;
}

interface LogFile {
  readonly number: number;
  readonly file: string;
  readonly handle: FileHandle;
  bytes: number;
  readonly fragments: AddedToLog[];
}

/** Some seconds of a full worker. While S3 is away for longer it takes no more: what waits then goes to the spool. */
const MAX_BYTES = 64 * 1024 * 1024;
const NAME_DIGITS = 12;
/** A disk that does not take what comes holds no more memory than that. */
const WAITING_MAX_BYTES = 16 * 1024 * 1024;
/** Fragments: of a full worker as many may come at one moment. */
const AT_ONCE_MAX = 16;
/** One is written, one waits for S3, and one is what that was before. */
const SPARE_MAX = 2;
/** More was written while S3 was away. */
const SPARE_MAX_BYTES = 16 * 1024 * 1024;

interface WaitingFragment {
  readonly fragment: AddedToLog;
  readonly entry: LoggedEntry;
  readonly held: Promise<HeldBytes>;
}

interface HeldFragment extends Omit<WaitingFragment, 'held'> {
  readonly pieces: readonly Buffer[];
}

/** A length of which there is no entry. */
const EMPTY = Buffer.alloc(4);

/** A file to be written over: its pages are there, where those of a new one would be made, and freed with it. */
interface Spare extends Pick<LogFile, 'file' | 'handle'> {
  /** Whether nothing is read out of it any more. */
  readonly isEmpty: Promise<boolean>;
}

/**
 * The fragments that the journal does not have yet, on the host's disk: what a worker leaves that is killed. Its supervisor
 * writes them into the journal (container/host/leftFragments.ts). Of each file the log has a stretch without a hole up to
 * the newest fragment, or nothing new at all until the journal is further: a rescuer reads the newest objects first, and
 * stops where one continues what S3 parts have.
 *
 * Nothing that happens to it ends a recording, or holds one up: it is written in the background.
 */
export class WriteAheadLog {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #maxBytes: number;
  readonly #waiting: WaitingFragment[] = [];
  #waitingBytes = 0;
  /** Oldest first. */
  readonly #files: LogFile[] = [];
  #current: LogFile | undefined;
  readonly #spare: Spare[] = [];
  #number = 0;
  /** It is full, or was not written: it has a hole from here on. */
  #hasHole: boolean = false;
  /** So many it has had: what was about to be written when one came is behind it by now. */
  #holes = 0;
  #writing: Promise<void> | undefined;

  constructor(folder: string, log: Logger, maxBytes: number = MAX_BYTES) {
    this.#folder = folder;
    this.#log = log;
    this.#maxBytes = maxBytes;
  }

  add(fragment: AddedToLog): void {
    if (this.#hasHole) return;
    const { bytes } = fragment.entry;
    if (!fragment.isKept() || this.#waitingBytes + bytes > WAITING_MAX_BYTES) {
      this.#stop();
      return;
    }
    const entry = { ...fragment.entry, crc32: fragment.crc32() };
    const held = fragment.hold();
    // Whoever writes it hears of it.
    held.catch(() => undefined);
    this.#waiting.push({ fragment, entry, held });
    this.#waitingBytes += bytes;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** The next object of the journal is made: what comes behind it goes with another file. */
  rotate(): void {
    if (this.#hasHole) {
      this.#remove(this.#files.splice(0));
      this.#hasHole = false;
    }
    this.#current = undefined;
  }

  /** S3 has another object: removes what nobody needs any more, the oldest first, so that no hole comes of it. */
  removeSaved(): void {
    const isNeeded = (one: LogFile): boolean =>
      one === this.#current || !one.fragments.every((fragment) => fragment.isSaved());
    const needed = this.#files.findIndex(isNeeded);
    this.#remove(this.#files.splice(0, needed === -1 ? this.#files.length : needed));
  }

  /** Nobody records at present. */
  rest(): void {
    this.rotate();
    this.removeSaved();
    for (const spare of this.#spare.splice(0)) void spare.isEmpty.then(() => this.#unlink(spare));
  }

  /** What was added is on disk. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#forgetWaiting();
    await this.#writing;
    await Promise.allSettled([...this.#files, ...this.#spare].map(({ handle }) => handle.close()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Must not throw. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What recordings have at the same moment is written at once: each write wakes up a thread, and that wakes up this one.
      await setImmediate();
      try {
        await this.#write(this.#waiting.splice(0, AT_ONCE_MAX));
      } catch (error) {
        this.#stop();
        this.#log.warn('the log of what is not saved yet was not written', error as Error);
      }
    }
  }

  async #write(waiting: readonly WaitingFragment[]): Promise<void> {
    const holes = this.#holes;
    for (const { entry } of waiting) this.#waitingBytes -= entry.bytes;
    const held = await Promise.allSettled(waiting.map((one) => one.held));
    const unread = held.findIndex(({ status }) => status === 'rejected');
    try {
      const read = waiting.slice(0, unread === -1 ? waiting.length : unread);
      if (read.length > 0) await this.#append(await Promise.all(read.map(bytesOf)), holes);
      await waiting[unread]?.held;
    } finally {
      waiting.forEach(release);
    }
  }

  async #append(read: readonly HeldFragment[], holes: number): Promise<void> {
    const file = this.#current ?? (await this.#file());
    // From here on at once: one without a fragment that is not saved is anybody's.
    if (file !== this.#current) this.#files.push(file);
    this.#current = file;
    if (this.#holes !== holes) return;
    const at = file.bytes;
    let room = this.#maxBytes - this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
    const written: Buffer[] = [];
    for (const { fragment, entry, pieces } of read) {
      const head = encodeLogged(entry, file.number);
      const bytes = head.length + entry.bytes;
      if (bytes > room) {
        this.#stop();
        break;
      }
      room -= bytes;
      file.bytes += bytes;
      // Before it is written: a file with a fragment that is not saved is not removed.
      file.fragments.push(fragment);
      written.push(head, ...pieces);
    }
    await writeAt(file.handle, written, at);
  }

  #stop(): void {
    this.#hasHole = true;
    this.#holes += 1;
    this.#forgetWaiting();
  }

  #forgetWaiting(): void {
    this.#waiting.splice(0).forEach(release);
    this.#waitingBytes = 0;
  }

  async #file(): Promise<LogFile> {
    this.#number += 1;
    const number = this.#number;
    const file = path.join(this.#folder, String(number).padStart(NAME_DIGITS, '0'));
    const handle = (await this.#usedAgain(file)) ?? (await this.#made(file));
    return { number, file, handle, bytes: 0, fragments: [] };
  }

  /** Undefined where there is none, or it cannot be used. */
  async #usedAgain(file: string): Promise<FileHandle | undefined> {
    const spare = this.#spare.pop();
    if (spare === undefined) return undefined;
    const isReady = (await spare.isEmpty) && (await isDone(rename(spare.file, file)));
    if (isReady) return spare.handle;
    this.#unlink(spare);
    return undefined;
  }

  async #made(file: string): Promise<FileHandle> {
    await mkdir(this.#folder, { recursive: true });
    return open(file, 'wx');
  }

  #remove(files: readonly LogFile[]): void {
    for (const one of files) {
      if (one.bytes <= SPARE_MAX_BYTES && this.#spare.length < SPARE_MAX) this.#spare.push(emptied(one));
      else this.#unlink(one);
    }
  }

  #unlink({ file, handle }: Pick<LogFile, 'file' | 'handle'>): void {
    Promise.all([handle.close(), unlink(file)]).catch((error: unknown) =>
      this.#log.warn('a log of what is saved was left behind', error as Error),
    );
  }
}

const bytesOf = async ({ fragment, entry, held }: WaitingFragment): Promise<HeldFragment> => ({
  fragment,
  entry,
  pieces: (await held).pieces,
});

const release = ({ held }: WaitingFragment): void =>
  void held.then(
    (bytes) => bytes.release(),
    () => undefined,
  );

const emptied = ({ file, handle }: LogFile): Spare => ({
  file,
  handle,
  isEmpty: isDone(writeAt(handle, [EMPTY], 0)),
});

const isDone = (done: Promise<void>): Promise<boolean> =>
  done.then(
    () => true,
    () => false,
  );

async function writeAt(handle: FileHandle, pieces: readonly Buffer[], position: number): Promise<void> {
  let at = position;
  for (let left = pieces; left.length > 0; ) {
    const { bytesWritten } = await handle.writev(left, at);
    at += bytesWritten;
    left = behind(left, bytesWritten);
  }
}

function behind(pieces: readonly Buffer[], bytes: number): Buffer[] {
  let from = bytes;
  return pieces.flatMap((piece) => {
    const left = piece.subarray(from);
    from = Math.max(0, from - piece.length);
    return left.length === 0 ? [] : [left];
  });
}

/** What a worker that is gone has left, in the order in which it was written. */
export async function readWriteAheadLog(folder: string): Promise<Logged[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    // It has recorded nothing.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const logs = names.sort();
  const files = await Promise.all(logs.map((name) => readFile(path.join(folder, name))));
  return files.flatMap((file, place) => decodeLogged(file, Number(logs[place])));
}
