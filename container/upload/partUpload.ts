import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Pieces } from '../../functions/core/media/pieces.ts';
import type { UploadedPart } from '../../functions/core/state/partObjects.ts';
import { combineCrc32, crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { s3PartBytes } from '../../functions/core/upload/partSizes.ts';
import { RunningCrc32 } from '../../functions/core/upload/runningCrc32.ts';
import { crc32OfParts } from '../../functions/core/upload/uploadedParts.ts';
import type { BufferPool } from './bufferPool.ts';
import { type HeldBytes, PartMemory } from './partMemory.ts';
import type { Spool, SpooledBytes } from './spool.ts';
import { type PartContent, UnreadableError, type Uploader, type UploadTarget } from './uploader.ts';

export interface PartUploadOptions {
  readonly uploader: Uploader;
  readonly spool: Spool;
  readonly buffers: BufferPool;
  /** Settles when the multipart upload has been created and the part's number taken. */
  readonly target: Promise<UploadTarget>;
  /** Of the first S3 parts; later ones are larger. */
  readonly partBytes: number;
}

/** What is needed to complete the upload. */
export interface SealedUpload {
  readonly target: UploadTarget;
  readonly uploaded: readonly UploadedPart[];
  readonly bytes: number;
  readonly crc32: string;
}

/** An S3 part that is full, from its first byte in the file on. */
interface SealedPart {
  readonly start: number;
  readonly bytes: number;
  /** Where its bytes are; undefined when they were given back. */
  kept: PartMemory | SpooledBytes | undefined;
  isUploaded: boolean;
  /** Its memory, or its disk. */
  giveBack: () => void;
}

/** The journal is a moment behind the uploads; it is further behind while S3 comes back. */
const KEPT_IN_MEMORY = 2;
const KEPT_ON_DISK_BYTES = 256 * 1024 * 1024;

/** An S3 multipart upload has at most 10,000 parts; a new file begins before. */
const ROLL_AT_PARTS = 9_900;

const CHANGED_ON_DISK = 'the disk does not give what was written to it';

/**
 * The bytes of one file on their way into one multipart upload: filled into S3 parts as they come. The first S3 part
 * is kept on disk as well, since a finished file gets another head. What S3 has, and the journal not yet, is kept for
 * that, within bounds.
 */
export class PartUpload {
  readonly #options: PartUploadOptions;
  readonly #uploads: Promise<UploadedPart>[] = [];
  /** What is being filled. */
  #memory: PartMemory;
  #bytes = 0;
  readonly #crcs = new RunningCrc32();
  #uploadedBytes = 0;
  /** S3 parts that are full, in order, from the first one on that is not in the contiguous prefix, or is kept. */
  readonly #sealed: SealedPart[] = [];
  /** Before it the journal has all, or will not ask for it. */
  #takenTo = 0;
  #first: SpooledBytes | undefined;
  #firstCrc32 = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PartUploadOptions) {
    this.#options = options;
    this.#memory = new PartMemory(options.buffers, options.partBytes);
    options.target.catch((error: unknown) => this.#fail(error));
  }

  /** Bytes appended so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that S3 has, in whichever order they came. */
  get uploadedBytes(): number {
    return this.#uploadedBytes;
  }

  /** Bytes from the beginning on that S3 has without a gap. */
  get prefixBytes(): number {
    return this.#sealed.find(({ isUploaded }) => !isUploaded)?.start ?? this.#bytes - this.#memory.bytes;
  }

  /** The bytes from an offset on that can be copied: from the first one that is kept to where they end, or are given back. */
  keptFrom(offset: number): { readonly from: number; readonly to: number } {
    const memoryStart = this.#bytes - this.#memory.bytes;
    let from = Math.max(offset, this.#sealed[0]?.start ?? memoryStart);
    for (const { start, bytes, kept } of this.#sealed) {
      if (kept !== undefined || start + bytes <= from) continue;
      if (start > from) return { from, to: start };
      from = start + bytes;
    }
    return { from, to: this.#bytes };
  }

  /** CRC-32 of bytes that are kept, from and to where something was appended, or an S3 part begins. @throws RangeError */
  crc32(from: number, to: number): number {
    return this.#crcs.between(from, to);
  }

  /**
   * Bytes that are kept: what is in memory stays there from now on, what is on disk is read.
   * @param from and `to` as of `crc32`
   * @throws the disk's own error; UnreadableError
   */
  async hold(from: number, to: number): Promise<HeldBytes> {
    const parts = this.#pieces(from, to);
    const reads = parts.flatMap(({ read }) => (read === undefined ? [] : [read]));
    const pieces = parts.flatMap((part) => part.pieces);
    const release = (): void => {
      for (const part of parts) part.release();
    };
    if (reads.length === 0) return { pieces, release };
    const expected = this.crc32(from, to);
    try {
      await Promise.all(reads);
      if (crc32Of(pieces) !== expected) throw new UnreadableError(CHANGED_ON_DISK);
    } catch (error) {
      release();
      throw error;
    }
    return { pieces, release };
  }

  /** What is in memory is held at once, since that is used again. */
  #pieces(from: number, to: number): (HeldBytes & { readonly read?: Promise<void> })[] {
    const memoryStart = this.#bytes - this.#memory.bytes;
    const present = { start: memoryStart, bytes: this.#memory.bytes, kept: this.#memory };
    return [...this.#sealed, present].flatMap(({ start, bytes, kept }) => {
      const [first, end] = [Math.max(from, start), Math.min(to, start + bytes)];
      if (first >= end || kept === undefined) return [];
      if (kept instanceof PartMemory) return [kept.hold(first - start, end - first)];
      const piece = Buffer.allocUnsafeSlow(end - first);
      return [{ pieces: [piece], release: () => undefined, read: kept.readInto(piece, first - start) }];
    });
  }

  /** The journal has what comes before, or does without. */
  taken(to: number): void {
    this.#takenTo = to;
    this.#release();
  }

  /** The file must end soon: S3 takes no more than 10,000 parts. */
  get mustRoll(): boolean {
    return this.#uploads.length >= ROLL_AT_PARTS;
  }

  /**
   * Sees to it that so many bytes can be appended as a whole: a file must not end in the middle of a fragment.
   * @throws SpoolFullError; what made an earlier upload of this file fail for good
   */
  reserve(bytes: number): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    // The last S3 part may go to disk as well, however full it is.
    if (this.#options.uploader.isBusy) this.#options.spool.reserve(this.#memory.bytes + bytes);
  }

  /** Appends bytes for which there is room. Waits at most for the disk. @throws the disk's own error */
  async append(data: Buffer): Promise<void> {
    for (let at = 0; at < data.length; ) {
      const copied = this.#memory.append(data, at);
      this.#crcs.add(data.subarray(at, at + copied));
      at += copied;
      this.#bytes += copied;
      if (this.#memory.isFull) await this.#seal(false);
    }
  }

  /** Nothing more comes. Waits at most for the disk. @throws the disk's own error */
  async end(): Promise<void> {
    if (this.#memory.bytes > 0) await this.#seal(true);
  }

  /** Settles when S3 has all of what ended. */
  async flush(): Promise<SealedUpload> {
    const target = await this.#options.target;
    const uploaded = await Promise.all(this.#uploads);
    return { target, uploaded, bytes: this.#bytes, crc32: crc32OfParts(uploaded) };
  }

  /** The first S3 part with another head in place of its first `oldHeadBytes`. @throws the disk's own error; UnreadableError */
  async firstWithHead(head: Pieces, oldHeadBytes: number): Promise<PartContent> {
    const first = this.#first;
    if (first === undefined) throw new Error('nothing was uploaded yet');
    async function* pieces(): AsyncIterable<Buffer> {
      for (const piece of head.pieces()) {
        yield piece;
        // A day's index is some thousand pages: others record meanwhile.
        await setImmediate();
      }
      yield* (first as SpooledBytes).stream(oldHeadBytes);
    }
    let [crc, headCrc] = [0, 0];
    let bytes = 0;
    for await (const piece of pieces()) {
      crc = crc32(piece, crc);
      bytes += piece.length;
      if (bytes === head.bytes) headCrc = crc;
    }
    const expectedBytes = head.bytes + first.bytes - oldHeadBytes;
    if (bytes !== expectedBytes) throw new Error(`the first S3 part has ${bytes} of ${expectedBytes} bytes`);
    const oldHead = Buffer.alloc(oldHeadBytes);
    await first.readInto(oldHead, 0);
    const restBytes = bytes - head.bytes;
    const restCrc = combineCrc32(headCrc, crc, restBytes);
    if (combineCrc32(crc32(oldHead), restCrc, restBytes) !== this.#firstCrc32)
      throw new UnreadableError(CHANGED_ON_DISK);
    return {
      bytes,
      crc32: crc32ToBase64(crc),
      open: () => Readable.from(pieces(), { objectMode: false }),
    };
  }

  async uploadFirstAgain(content: PartContent): Promise<UploadedPart> {
    return this.#options.uploader.put(await this.#options.target, 1, content);
  }

  /** The upload is complete. Gives memory and disk back. */
  async close(): Promise<void> {
    this.taken(this.#bytes);
    await this.#first?.remove();
    this.#first = undefined;
  }

  async #seal(last: boolean): Promise<void> {
    const memory = this.#memory;
    const { bytes, pieces } = memory;
    const partNumber = this.#uploads.length + 1;
    const { target, uploader, spool, buffers, partBytes } = this.#options;
    const start = this.#bytes - bytes;
    const crc = this.crc32(start, this.#bytes);
    if (partNumber === 1) {
      this.#firstCrc32 = crc;
      this.#first = await spool.keep(pieces);
    }
    const isOnDisk = uploader.mustSpool(last);
    const spooled = isOnDisk ? (this.#kept(partNumber) ?? (await spool.put(pieces))) : undefined;
    // From here on it may be another's, or nobody's.
    if (isOnDisk) memory.giveBack();
    const sealed: SealedPart = {
      start,
      bytes,
      kept: spooled ?? memory,
      isUploaded: false,
      giveBack: () => {
        if (!isOnDisk) memory.giveBack();
        // The first one stays on disk.
        else if (partNumber > 1) void spooled?.remove().catch((error: unknown) => this.#fail(error));
      },
    };
    this.#sealed.push(sealed);
    const submitted = uploader.submit(target, partNumber, { data: spooled ?? pieces, crc32: crc });
    const uploaded = submitted.then((part) => {
      this.#uploadedBytes += part.bytes;
      sealed.isUploaded = true;
      spooled?.settle();
      // It is on disk in any case: its memory is not needed to keep it.
      if (partNumber === 1 && !isOnDisk && this.#first !== undefined) {
        sealed.kept = this.#first;
        sealed.giveBack();
        sealed.giveBack = () => undefined;
      }
      this.#release();
      return part;
    });
    uploaded.catch((error: unknown) => this.#fail(error));
    this.#uploads.push(uploaded);
    this.#memory = new PartMemory(buffers, s3PartBytes(this.#uploads.length + 1, partBytes));
  }

  /** Gives back what S3 has, once the journal has it as well: the oldest goes before it comes to too much. */
  #release(): void {
    let [inMemory, onDiskBytes] = [0, 0];
    for (const part of this.#sealed.toReversed()) {
      if (!part.isUploaded || part.kept === undefined) continue;
      const isTaken = part.start + part.bytes <= this.#takenTo;
      if (part.kept instanceof PartMemory) inMemory += 1;
      else onDiskBytes += part.bytes;
      if (!isTaken && inMemory <= KEPT_IN_MEMORY && onDiskBytes <= KEPT_ON_DISK_BYTES) continue;
      part.kept = undefined;
      part.giveBack();
    }
    while (this.#sealed[0]?.isUploaded === true && this.#sealed[0].kept === undefined) this.#sealed.shift();
    this.#crcs.forget(this.#sealed[0]?.start ?? this.#bytes - this.#memory.bytes);
  }

  /** The first S3 part is on disk already; now it waits there. */
  #kept(partNumber: number): SpooledBytes | undefined {
    if (partNumber > 1) return undefined;
    this.#first?.wait();
    return this.#first;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}

const crc32Of = (pieces: readonly Buffer[]): number =>
  pieces.reduce((before, piece) => crc32(piece, before), 0);
