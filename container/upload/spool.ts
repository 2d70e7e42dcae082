import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PageFile } from './pageFile.ts';

/** The disk that waiting S3 parts may take is full: S3 has been away for too long. */
export class SpoolFullError extends Error {
  override readonly name = 'SpoolFullError';
}

/** Bytes that lie on the task's disk. */
export interface SpooledBytes {
  readonly bytes: number;
  /** All of them. @throws the disk's own error, as all that reads */
  read(): Promise<Buffer>;
  /** As many as `target` takes, from there on. */
  readInto(target: Buffer, fromByte: number): Promise<void>;
  /** From there on, piece by piece. */
  stream(fromByte: number): AsyncIterable<Buffer>;
  /** They wait for S3, and so count: `reserve` has found room for them. */
  wait(): void;
  /** They no longer wait: what stays of them does not count. */
  settle(): void;
  /** Gives the disk back. */
  remove(): Promise<void>;
}

/** A disk that the spools of other recordings are on as well. */
export interface SharedDisk {
  /** What each may take, whatever the others do. */
  readonly shareBytes: number;
  /** Whether there is more than everybody's share. */
  hasMore(): boolean;
}

/** A folder for the bytes that cannot go to S3 now, up to a limit. */
export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #disk: SharedDisk | undefined;
  #bytes = 0;
  #count = 0;

  /** @param folder this attempt's own; @param maxBytes more than that is a SpoolFullError */
  constructor(folder: string, maxBytes: number, disk?: SharedDisk) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#disk = disk;
  }

  /** Waiting for S3. */
  get bytes(): number {
    return this.#bytes;
  }

  async open(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true });
  }

  /** @throws SpoolFullError so many more bytes may not wait here */
  reserve(bytes: number): void {
    if (this.#bytes + bytes > this.#maxBytes) {
      throw new SpoolFullError(`${this.#bytes} bytes wait on disk, at most ${this.#maxBytes} may`);
    }
    const disk = this.#disk;
    if (disk !== undefined && this.#bytes + bytes > disk.shareBytes && !disk.hasMore()) {
      throw new SpoolFullError(
        `${this.#bytes} bytes wait on a disk of which ${disk.shareBytes} are this recording's`,
      );
    }
  }

  /** For bytes that wait for S3; `reserve` has found room for them. @throws the disk's own error */
  put(data: readonly Buffer[]): Promise<SpooledBytes> {
    return this.#write(data, true);
  }

  /** For bytes that will be needed again; they do not count until they wait. @throws the disk's own error */
  keep(data: readonly Buffer[]): Promise<SpooledBytes> {
    return this.#write(data, false);
  }

  /** For the index of one part. */
  pages(): PageFile {
    return new PageFile(this.#nextFile());
  }

  #nextFile(): string {
    this.#count += 1;
    return path.join(this.#folder, String(this.#count));
  }

  async #write(data: readonly Buffer[], waits: boolean): Promise<SpooledBytes> {
    const bytes = data.reduce((sum, { length }) => sum + length, 0);
    let countedBytes = 0;
    const count = (now: number): void => {
      this.#bytes += now - countedBytes;
      countedBytes = now;
    };
    if (waits) count(bytes);
    const file = this.#nextFile();
    await writeFile(file, data);
    return {
      bytes,
      read: () => readFile(file),
      readInto: (target, fromByte) => readInto(file, target, fromByte),
      stream: (fromByte) => createReadStream(file, { start: fromByte, highWaterMark: READ_BYTES }),
      wait: () => count(bytes),
      settle: () => count(0),
      remove: async () => {
        count(0);
        await rm(file);
      },
    };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function readInto(file: string, target: Buffer, fromByte: number): Promise<void> {
  const handle = await open(file);
  try {
    for (let read = 0; read < target.length; ) {
      const { bytesRead } = await handle.read(target, read, target.length - read, fromByte + read);
      if (bytesRead === 0) throw new Error(`${file} ends ${target.length - read} bytes too early`);
      read += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

const READ_BYTES = 256 * 1024;
