import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The disk that waiting S3 parts may take is full: S3 has been away for too long. */
export class SpoolFullError extends Error {
  override readonly name = 'SpoolFullError';
}

/** Bytes that wait on the task's disk. */
export interface SpooledBytes {
  readonly bytes: number;
  read(): Promise<Buffer>;
  /** Gives the disk back. */
  remove(): Promise<void>;
}

/** A folder for the bytes that cannot go to S3 now, up to a limit. */
export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  #bytes = 0;
  #count = 0;

  /** @param folder this attempt's own; @param maxBytes more than that is a SpoolFullError */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async open(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true });
  }

  /** @throws SpoolFullError, or the disk's own error */
  async put(data: Buffer): Promise<SpooledBytes> {
    if (this.#bytes + data.length > this.#maxBytes) {
      throw new SpoolFullError(`${this.#bytes} bytes wait on disk, at most ${this.#maxBytes} may`);
    }
    this.#bytes += data.length;
    this.#count += 1;
    const file = path.join(this.#folder, String(this.#count));
    await writeFile(file, data);
    return {
      bytes: data.length,
      read: () => readFile(file),
      remove: async () => {
        this.#bytes -= data.length;
        await rm(file);
      },
    };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
