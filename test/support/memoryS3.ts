import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { DeleteObjectsCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { BodyInPieces } from '../../functions/aws/slices.ts';
import { decodeIndex } from '../../functions/core/journal/format.ts';
import { journalPrefix } from '../../functions/core/state/keys.ts';
import type { UploadedPart } from '../../functions/core/state/partObjects.ts';
import { crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { describePart } from '../../functions/core/upload/uploadedParts.ts';

/** What S3 does with a request: `lost` is carried out, and its answer never comes. */
export type Answer = 'ok' | 'fail' | 'lost' | 'slow' | 'never';

/** The few requests of a recorder in memory, for tests that make thousands of them. */
export class MemoryS3 {
  isAway: boolean = false;
  readonly calls: string[] = [];
  readonly #answers: Answer[];
  /** Every object that ever was there, in the order in which it came. */
  readonly written = new Map<string, Buffer>();
  readonly #objects = new Map<string, Buffer>();
  readonly #uploads = new Map<string, Map<number, Buffer>>();
  readonly #acknowledged = new Map<string, number>();

  /** @param answers to the first requests, in their order; then all is well */
  constructor(answers: readonly Answer[] = []) {
    this.#answers = [...answers];
  }

  async send(command: object, options: { readonly abortSignal?: AbortSignal } = {}): Promise<object> {
    this.calls.push(command.constructor.name);
    if (this.isAway) throw new Error('S3 is away');
    const answer = this.#answers.shift() ?? 'ok';
    if (answer === 'fail') throw new Error('S3 fails');
    if (answer === 'slow') await delay(4);
    // The recorder uses its memory again: what it does not hold until it has an answer would be another's by now.
    const carryOut = this.#prepared(command);
    if (answer === 'never') {
      carryOut();
      await delay(60_000, undefined, { signal: options.abortSignal, ref: false });
    }
    const result = carryOut();
    if (answer === 'lost') throw new Error('the answer was lost');
    this.#acknowledge(command);
    return result;
  }

  keys(prefix: string): string[] {
    return [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  object(key: string): Buffer {
    const object = this.#objects.get(key);
    if (object === undefined) throw new Error(`there is no ${key}`);
    return object;
  }

  parts(uploadId: string): UploadedPart[] {
    const parts = [...(this.#uploads.get(uploadId) ?? [])].sort(([a], [b]) => a - b);
    return parts.map(([partNumber, bytes]) => describePart(partNumber, bytes));
  }

  part(uploadId: string, partNumber: number): Buffer {
    const part = this.#uploads.get(uploadId)?.get(partNumber);
    if (part === undefined) throw new Error(`there is no part ${partNumber}`);
    return part;
  }

  /** How far the recording's file was in the journal when S3 last said that it has an object. */
  acknowledgedTo(journal: string, recordingId: string): number {
    return this.#acknowledged.get(`${journalPrefix(journal)} ${recordingId}`) ?? 0;
  }

  #prepared(command: object): () => object {
    if (command instanceof PutObjectCommand) {
      const { Key = '', Body, ChecksumCRC32 } = command.input;
      const body = checkedBody(bytesOf(Body as unknown as Buffer | BodyInPieces), ChecksumCRC32);
      return () => {
        this.#objects.set(Key, body);
        this.written.set(Key, body);
        return {};
      };
    }
    if (command instanceof UploadPartCommand) {
      const { UploadId = '', PartNumber = 0, Body, ChecksumCRC32 } = command.input;
      const body = checkedBody(bytesOf(Body as unknown as Buffer | BodyInPieces), ChecksumCRC32);
      return () => {
        const parts = this.#uploads.get(UploadId) ?? new Map<number, Buffer>();
        this.#uploads.set(UploadId, parts.set(PartNumber, body));
        return { ETag: `"${PartNumber}"` };
      };
    }
    if (command instanceof DeleteObjectsCommand) {
      return () => {
        for (const { Key = '' } of command.input.Delete?.Objects ?? []) this.#objects.delete(Key);
        return {};
      };
    }
    throw new Error(`${command.constructor.name} is not known here`);
  }

  #acknowledge(command: object): void {
    if (!(command instanceof PutObjectCommand)) return;
    const { Key = '' } = command.input;
    const object = this.object(Key);
    const index = decodeIndex(object, object.length);
    if (!('entries' in index)) return;
    for (const { recordingId, offset, bytes } of index.entries)
      this.#acknowledged.set(`${Key.slice(0, Key.lastIndexOf('/') + 1)} ${recordingId}`, offset + bytes);
  }
}

const bytesOf = (body: Buffer | BodyInPieces): Buffer =>
  body instanceof BodyInPieces ? Buffer.concat(body.pieces) : Buffer.from(body);

/** @throws it has changed on its way */
function checkedBody(body: Buffer, checksum: string | undefined): Buffer {
  if (crc32ToBase64(crc32(body)) !== checksum) throw new Error('BadDigest');
  return body;
}
