import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { Logger } from '@aws-lambda-powertools/logger';
import { type S3Client, UploadPartCommand, type UploadPartCommandOutput } from '@aws-sdk/client-s3';
import { BodyInPieces } from '../../functions/aws/slices.ts';
import { uploadIsGone } from '../../functions/aws/stateStore.ts';
import type { UploadedPart } from '../../functions/core/state/partObjects.ts';
import { crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { retrying } from './retry.ts';
import type { SpooledBytes } from './spool.ts';

/** Where an S3 part goes; known once its upload has been created. */
export interface UploadTarget {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

/** What an S3 part consists of. */
export interface PartContent {
  readonly bytes: number;
  /** CRC-32 in base64. */
  readonly crc32: string;
  /** From its beginning, as often as S3 is asked to take it. */
  open(): BodyInPieces | Readable;
}

/** Disk or memory do not give what was written to them: S3 is not to blame, and another try gets no more. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** An S3 part that is full. */
export interface FullPart {
  readonly data: readonly Buffer[] | SpooledBytes;
  /** CRC-32 of what was put into it. */
  readonly crc32: number;
}

/** It waits for its turn. */
interface Waiting extends FullPart {
  readonly target: Promise<UploadTarget>;
  readonly partNumber: number;
  readonly resolve: (uploaded: UploadedPart) => void;
  readonly reject: (error: unknown) => void;
}

export interface UploaderOptions {
  readonly s3: S3Client;
  readonly log: Logger;
  /** Aborts what is still to be uploaded. */
  readonly signal: AbortSignal;
}

/** S3 parts that are uploaded at the same time: one keeps up with any stream, the second hides the pauses between. */
const PERMITS = 2;

/**
 * Uploads S3 parts. A part is given a permit before the next buffer is filled; while there is none (S3 is slow or
 * away) it waits on disk, a file's last one too, and goes up in order when S3 is back. So memory is bounded, and whoever
 * fills buffers waits at most for the disk, never for S3.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  /** Whoever fills a buffer now may have to leave it on disk. */
  get isBusy(): boolean {
    return this.#running >= PERMITS || this.#waiting.length > 0;
  }

  /**
   * Whether an S3 part that is submitted now is to be on disk.
   * @param last a file's last one: one of all files may wait in memory, where it is still checkpointed
   */
  mustSpool(last: boolean): boolean {
    return this.isBusy && !(last && !this.#waiting.some(({ data }) => isInMemory(data)));
  }

  /** Takes an S3 part; settles when S3 has it. */
  submit(target: Promise<UploadTarget>, partNumber: number, part: FullPart): Promise<UploadedPart> {
    const { promise, resolve, reject } = Promise.withResolvers<UploadedPart>();
    this.#waiting.push({ ...part, target, partNumber, resolve, reject });
    this.#fill();
    return promise;
  }

  #fill(): void {
    while (this.#running < PERMITS) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running += 1;
      void this.#upload(next)
        .then(next.resolve, next.reject)
        .finally(() => {
          this.#running -= 1;
          this.#fill();
        });
    }
  }

  async #upload({ target, partNumber, data, crc32: crc }: Waiting): Promise<UploadedPart> {
    const body = new BodyInPieces(isInMemory(data) ? data : [await data.read()]);
    let isSure = isInMemory(data);
    const open = (): BodyInPieces => {
      // S3 would refuse it for ever.
      if (!isSure && !hasCrc32(body, crc))
        throw new UnreadableError('an S3 part is not what was put into it');
      isSure = false;
      return body;
    };
    return this.put(await target, partNumber, { bytes: body.byteLength, crc32: crc32ToBase64(crc), open });
  }

  /** Uploads one S3 part now, past all that waits. */
  async put(target: UploadTarget, partNumber: number, content: PartContent): Promise<UploadedPart> {
    const { bytes, crc32: ChecksumCRC32 } = content;
    const upload = (): Promise<UploadPartCommandOutput> => {
      const Body = content.open();
      const command = new UploadPartCommand({
        Bucket: target.bucket,
        Key: target.key,
        UploadId: target.uploadId,
        PartNumber: partNumber,
        Body: Body as Readable,
        ContentLength: bytes,
        ChecksumCRC32,
      });
      return Body instanceof Readable ? this.#sendStream(command, Body) : this.#options.s3.send(command);
    };
    const answer = await retrying(upload, {
      signal: this.#options.signal,
      isFinal: (error) => uploadIsGone(error) || error instanceof UnreadableError,
      onRetry: (error, tries) =>
        this.#options.log.warn('S3 did not take a part; trying again', {
          partNumber,
          tries,
          error: error as Error,
        }),
    });
    return { partNumber, bytes, crc32: ChecksumCRC32, etag: answer.ETag ?? '' };
  }

  /** The SDK pipes a stream: it does not hear that reading fails, and leaves open what it did not read to the end. */
  async #sendStream(command: UploadPartCommand, body: Readable): Promise<UploadPartCommandOutput> {
    const { promise: unreadable, reject } = Promise.withResolvers<never>();
    body.on('error', (cause) => reject(new UnreadableError('what was spooled cannot be read', { cause })));
    const abort = new AbortController();
    const sent = this.#options.s3.send(command, { abortSignal: abort.signal });
    try {
      return await Promise.race([sent, unreadable]);
    } finally {
      abort.abort();
      body.destroy();
    }
  }
}

const hasCrc32 = ({ pieces }: BodyInPieces, crc: number): boolean =>
  pieces.reduce((before, piece) => crc32(piece, before), 0) === crc;
const isInMemory = (data: readonly Buffer[] | SpooledBytes): data is readonly Buffer[] => Array.isArray(data);
