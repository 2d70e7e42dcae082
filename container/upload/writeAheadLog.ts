import { type FileHandle, mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@aws-lambda-powertools/logger';
import {
  decodeLogged,
  encodeLogged,
  type Logged,
  type LoggedEntry,
} from '../../functions/core/journal/writeAhead.ts';

/** A fragment that the journal is to have. */
export interface AddedToLog {
  readonly entry: LoggedEntry;
  /** Whether its bytes can still be copied. */
  readonly isKept: () => boolean;
  /** @throws the disk's own error */
  readonly copy: (target: Buffer) => Promise<void>;
  /** Whether S3 has it, or nobody needs it any more. */
  readonly isSaved: () => boolean;
}

interface LogFile {
  readonly file: string;
  readonly handle: FileHandle;
  bytes: number;
  readonly fragments: AddedToLog[];
}

/** Some seconds of a full worker. While S3 is away for longer it takes no more: what waits then goes to the spool. */
const MAX_BYTES = 64 * 1024 * 1024;
const NAME_DIGITS = 12;

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
  readonly #waiting: AddedToLog[] = [];
  /** Oldest first. */
  readonly #files: LogFile[] = [];
  #current: LogFile | undefined;
  #number = 0;
  /** It is full, or was not written: it has a hole from here on. */
  #hasHole: boolean = false;
  #writing: Promise<void> | undefined;
  /** Used again for each fragment. */
  #memory: Buffer = Buffer.alloc(0);

  constructor(folder: string, log: Logger, maxBytes: number = MAX_BYTES) {
    this.#folder = folder;
    this.#log = log;
    this.#maxBytes = maxBytes;
  }

  add(fragment: AddedToLog): void {
    if (this.#hasHole) return;
    this.#waiting.push(fragment);
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

  /** What was added is on disk. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#waiting.length = 0;
    await this.#writing;
    await Promise.allSettled(this.#files.map(({ handle }) => handle.close()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Must not throw. */
  async #writeAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#write(next);
      } catch (error) {
        this.#stop();
        this.#log.warn('the log of what is not saved yet was not written', error as Error);
      }
    }
    if (this.#files.length === 0) this.#memory = Buffer.alloc(0);
  }

  async #write(fragment: AddedToLog): Promise<void> {
    const head = encodeLogged(fragment.entry);
    const bytes = head.length + fragment.entry.bytes;
    const held = this.#files.reduce((sum, one) => sum + one.bytes, 0);
    if (!fragment.isKept() || held + bytes > this.#maxBytes) return this.#stop();
    if (this.#memory.length < bytes) this.#memory = Buffer.allocUnsafeSlow(bytes);
    head.copy(this.#memory);
    await fragment.copy(this.#memory.subarray(head.length, bytes));
    this.#current ??= await this.#open();
    const { fragments, handle } = this.#current;
    this.#current.bytes += bytes;
    // Before it is written: a file with a fragment that is not saved is not removed.
    fragments.push(fragment);
    await handle.writeFile(this.#memory.subarray(0, bytes));
  }

  #stop(): void {
    this.#hasHole = true;
    this.#waiting.length = 0;
  }

  async #open(): Promise<LogFile> {
    this.#number += 1;
    await mkdir(this.#folder, { recursive: true });
    const file = path.join(this.#folder, String(this.#number).padStart(NAME_DIGITS, '0'));
    const opened: LogFile = { file, handle: await open(file, 'wx'), bytes: 0, fragments: [] };
    this.#files.push(opened);
    return opened;
  }

  #remove(files: readonly LogFile[]): void {
    for (const { file, handle } of files)
      Promise.all([handle.close(), unlink(file)]).catch((error: unknown) =>
        this.#log.warn('a log of what is saved was left behind', error as Error),
      );
  }
}

/** What a worker that is gone has left, in the order in which it was written. */
export async function readWriteAheadLog(folder: string): Promise<Logged[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    // It has recorded nothing.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = await Promise.all(names.sort().map((name) => readFile(path.join(folder, name))));
  return files.flatMap(decodeLogged);
}
