import { randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import type { Segment } from './records.ts';

/** What is smaller is read and written at once: most objects are, and asking a thread for each step costs more. */
const SMALL_BYTES = 64 * 1024;

/**
 * Immutable files of bytes, named by random ids and counted by their users: stored objects and parts, copies, and
 * whoever reads or writes one at the moment. The file goes with its last user.
 */
export class Blobs {
  readonly #folder: string;
  readonly #users = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Removes the files that nothing uses: what a process left that ended before it had answered. */
  removeUnused(): void {
    for (const name of readdirSync(this.#folder)) if (!this.#users.has(name)) this.#remove(name);
  }

  retain(segments: readonly Segment[]): void {
    for (const { blob } of segments) this.#users.set(blob, (this.#users.get(blob) ?? 0) + 1);
  }

  release(segments: readonly Segment[]): void {
    for (const { blob } of segments) {
      const left = (this.#users.get(blob) ?? 0) - 1;
      if (left > 0) this.#users.set(blob, left);
      else {
        this.#users.delete(blob);
        this.#remove(blob);
      }
    }
  }

  /** Forgets users without removing files, while the journal is replayed. */
  forget(segments: readonly Segment[]): void {
    for (const { blob } of segments) {
      const left = (this.#users.get(blob) ?? 0) - 1;
      if (left > 0) this.#users.set(blob, left);
      else this.#users.delete(blob);
    }
  }

  /** The new blob is the caller's to release. */
  create(): BlobWriter {
    const blob = randomBytes(16).toString('hex');
    this.retain([{ blob, offset: 0, bytes: 0 }]);
    return new BlobWriter(blob, path.join(this.#folder, blob));
  }

  /** Retain the segments until the end is reached. */
  async *read(segments: readonly Segment[]): AsyncGenerator<Buffer, void, undefined> {
    for (const { blob, offset, bytes } of segments) {
      if (bytes === 0) continue;
      const file = path.join(this.#folder, blob);
      if (bytes <= SMALL_BYTES) yield readAt(file, offset, bytes);
      else
        yield* createReadStream(file, { start: offset, end: offset + bytes - 1, highWaterMark: 256 * 1024 });
    }
  }

  #remove(blob: string): void {
    rmSync(path.join(this.#folder, blob), { force: true });
  }
}

/** @throws Error where the file ends before that */
function readAt(file: string, offset: number, bytes: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const piece = Buffer.allocUnsafe(bytes);
    for (let read = 0; read < bytes; ) {
      const more = readSync(descriptor, piece, read, bytes - read, offset + read);
      if (more === 0) throw new Error(`${file} ends before byte ${offset + bytes}`);
      read += more;
    }
    return piece;
  } finally {
    closeSync(descriptor);
  }
}

export class BlobWriter {
  readonly blob: string;
  readonly #file: string;
  /** Of a small blob: it is written when it is closed. */
  #pending: Uint8Array[] = [];
  #handle: FileHandle | undefined;
  #bytes = 0;

  constructor(blob: string, file: string) {
    this.blob = blob;
    this.#file = file;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.length;
    this.#pending.push(chunk);
    if (this.#bytes > SMALL_BYTES) await this.#flush();
  }

  async close(): Promise<void> {
    if (this.#handle === undefined) writeFileSync(this.#file, Buffer.concat(this.#pending), { flag: 'wx' });
    else await this.#handle.close();
  }

  async #flush(): Promise<void> {
    this.#handle ??= await open(this.#file, 'wx');
    for (const chunk of this.#pending.splice(0)) {
      for (let written = 0; written < chunk.length; ) {
        const result = await this.#handle.write(chunk, written);
        written += result.bytesWritten;
      }
    }
  }

  get segments(): readonly Segment[] {
    return [{ blob: this.blob, offset: 0, bytes: this.#bytes }];
  }
}

/** The segments of a piece of what the segments hold. */
export function sliceSegments(
  segments: readonly Segment[],
  firstByte: number,
  bytes: number,
): readonly Segment[] {
  const slice: Segment[] = [];
  let position = 0;
  for (const segment of segments) {
    const start = Math.max(firstByte, position);
    const end = Math.min(firstByte + bytes, position + segment.bytes);
    if (start < end)
      slice.push({ blob: segment.blob, offset: segment.offset + start - position, bytes: end - start });
    position += segment.bytes;
  }
  return slice;
}
