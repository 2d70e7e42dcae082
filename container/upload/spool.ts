import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The disk that waiting S3 parts may take is full: S3 has been away for too long. */
export class SpoolFullError extends Error {
  override readonly name = 'SpoolFullError';
}

/** Bytes that wait on the task's disk. */
export interface SpooledBytes {
  readonly bytes: number;
  /** @param instead what the answer begins with, in place of its first `skipBytes` */
  read(instead?: { readonly before: Buffer; readonly skipBytes: number }): Promise<Buffer>;
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
  }

  /** For bytes that wait for S3; `reserve` has found room for them. @throws the disk's own error */
  put(data: Buffer): Promise<SpooledBytes> {
    return this.#write(data, data.length);
  }

  /** For bytes that S3 has and that will be needed again; they do not count. @throws the disk's own error */
  keep(data: Buffer): Promise<SpooledBytes> {
    return this.#write(data, 0);
  }

  async #write(data: Buffer, countedBytes: number): Promise<SpooledBytes> {
    const bytes = data.length;
    this.#bytes += countedBytes;
    this.#count += 1;
    const file = path.join(this.#folder, String(this.#count));
    await writeFile(file, data);
    return {
      bytes,
      read: ({ before, skipBytes } = { before: NOTHING, skipBytes: 0 }) =>
        readAfter(before, file, skipBytes, bytes - skipBytes),
      remove: async () => {
        this.#bytes -= countedBytes;
        await rm(file);
      },
    };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const NOTHING = Buffer.alloc(0);

/** In one buffer: S3 parts are large, and two of them would be the most memory that a recorder needs. */
async function readAfter(before: Buffer, file: string, from: number, bytes: number): Promise<Buffer> {
  const all = Buffer.allocUnsafeSlow(before.length + bytes);
  before.copy(all);
  const handle = await open(file);
  try {
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await handle.read(all, before.length + at, bytes - at, from + at);
      if (bytesRead === 0) throw new Error(`${file} ends ${bytes - at} bytes too early`);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return all;
}
