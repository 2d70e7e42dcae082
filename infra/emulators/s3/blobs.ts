import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import type { Segment } from './records.ts';

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
  async create(): Promise<BlobWriter> {
    const blob = randomBytes(16).toString('hex');
    const handle = await open(path.join(this.#folder, blob), 'wx');
    this.retain([{ blob, offset: 0, bytes: 0 }]);
    return new BlobWriter(blob, handle);
  }

  /** Retain the segments until the end is reached. */
  async *read(segments: readonly Segment[]): AsyncGenerator<Buffer, void, undefined> {
    for (const { blob, offset, bytes } of segments) {
      if (bytes === 0) continue;
      yield* createReadStream(path.join(this.#folder, blob), {
        start: offset,
        end: offset + bytes - 1,
        highWaterMark: 256 * 1024,
      });
    }
  }

  #remove(blob: string): void {
    rmSync(path.join(this.#folder, blob), { force: true });
  }
}

export class BlobWriter {
  readonly blob: string;
  readonly #handle: FileHandle;
  #bytes = 0;

  constructor(blob: string, handle: FileHandle) {
    this.blob = blob;
    this.#handle = handle;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length; ) {
      const result = await this.#handle.write(chunk, written);
      written += result.bytesWritten;
    }
    this.#bytes += chunk.length;
  }

  async close(): Promise<void> {
    await this.#handle.close();
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
