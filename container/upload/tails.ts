import type { Logger } from '@aws-lambda-powertools/logger';
import { DeleteObjectsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { tailKey } from '../../functions/core/state/keys.ts';
import { encodeTailFacts, type TailFacts } from '../../functions/core/upload/tails.ts';
import type { PartUpload } from './partUpload.ts';

export interface TailsOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly log: Logger;
  readonly recordingId: string;
  /** Settles with the part's number when it has been taken: a tail names it. */
  readonly part: Promise<number>;
  readonly upload: PartUpload;
  /** What a rescuer cannot read out of the bytes alone. */
  readonly facts: () => TailFacts;
  /** Whether somebody took the recorder for lost, and completes the part without it. */
  readonly isRescued: () => Promise<boolean>;
}

/**
 * Checkpoints of one file's bytes that are not inside an uploaded S3 part yet. A rescuer takes the contiguous prefix of
 * uploaded S3 parts and appends the tails from its end on; so a tail is deleted only when that prefix covers it, or its
 * part is complete. Once a rescuer is at work none is: it may write its own S3 part over one of the recorder's. What nobody came to delete expires with the bucket's rule (infra/construct/buckets.ts).
 */
export class Tails {
  readonly #options: TailsOptions;
  readonly #kept: { readonly key: string; readonly end: number }[] = [];
  #savedTo = 0;
  #part: number | undefined;
  #closed: boolean = false;
  /** The recorder's clock at the last checkpoint after which nothing was left unsaved. */
  #savedAtMs: number | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** The bytes that are being saved: what they come from is used again meanwhile. */
  #buffer: Buffer = NOTHING;

  constructor(options: TailsOptions) {
    this.#options = options;
    options.part.then(
      (part) => {
        this.#part = part;
        // What came first does not wait for the next checkpoint.
        return this.checkpoint();
      },
      // Whoever opens the part hears of it.
      () => undefined,
    );
  }

  /** Age of what would be lost if the task were killed now; undefined before the first checkpoint. */
  ageMs(nowMs: number): number | undefined {
    return this.#savedAtMs === undefined ? undefined : nowMs - this.#savedAtMs;
  }

  /**
   * Saves what has come since the last checkpoint, after that one is done. A fault is logged: the next checkpoint saves it
   * as well.
   */
  checkpoint(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  /** The file is complete: its tails are of no use any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#saving;
    try {
      await this.#removeUpTo(Number.POSITIVE_INFINITY);
    } catch (error) {
      this.#options.log.warn('tails of a finished part were left behind', error as Error);
    }
  }

  async #save(): Promise<void> {
    const { upload, s3, bucket, recordingId, log } = this.#options;
    const part = this.#part;
    if (part === undefined || this.#closed) return;
    // Nothing may be thrown from here: the next checkpoint waits for this one.
    try {
      const facts = this.#options.facts();
      const from = Math.max(this.#savedTo, upload.prefixBytes);
      const data = this.#copy(upload.bytesFrom(from));
      if (data === undefined || data.length === 0) {
        // A part that waits for S3 has nothing to save for as long as that takes.
        this.#buffer = NOTHING;
      } else {
        const key = tailKey(recordingId, part, from, data.length);
        const Metadata = encodeTailFacts(facts);
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: data, Metadata }));
        this.#savedTo = from + data.length;
        this.#savedAtMs = facts.atMs;
        this.#kept.push({ key, end: this.#savedTo });
      }
      await this.#removeUseless(upload.prefixBytes);
    } catch (error) {
      log.warn('the last bytes were not saved; the next checkpoint does it', error as Error);
    }
  }

  #copy(pieces: readonly Buffer[] | undefined): Buffer | undefined {
    if (pieces === undefined) return undefined;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#buffer.length < bytes)
      this.#buffer = Buffer.allocUnsafeSlow(Math.ceil(bytes / GROW_BY) * GROW_BY);
    let at = 0;
    for (const piece of pieces) at += piece.copy(this.#buffer, at);
    return this.#buffer.subarray(0, bytes);
  }

  /** What an S3 part made useless. */
  async #removeUseless(prefixBytes: number): Promise<void> {
    if (!this.#kept.some(({ end }) => end <= prefixBytes)) return;
    // Read after S3 has the part: a rescuer that is not seen here sees that part.
    if (await this.#options.isRescued()) this.#closed = true;
    else await this.#removeUpTo(prefixBytes);
  }

  /** In one request for all of them. */
  async #removeUpTo(end: number): Promise<void> {
    const { s3, bucket } = this.#options;
    for (;;) {
      const useless = this.#kept.filter((tail) => tail.end <= end).slice(0, DELETE_MAX_KEYS);
      if (useless.length === 0) return;
      const Objects = useless.map(({ key }) => ({ Key: key }));
      const { Errors: [failed] = [] } = await s3.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
      );
      if (failed !== undefined) throw new Error(`S3 did not delete a tail: ${failed.Code}`);
      this.#kept.splice(0, useless.length);
    }
  }
}

const NOTHING = Buffer.alloc(0);
/** Tails differ a little in size. */
const GROW_BY = 1024 * 1024;
/** S3 takes no more in one request. */
const DELETE_MAX_KEYS = 1_000;
