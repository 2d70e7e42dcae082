import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type StateStore, uploadIsGone } from '../aws/stateStore.ts';
import { tailsPrefix } from '../core/state/keys.ts';
import type { OpenPart, UploadedPart } from '../core/state/objects.ts';
import { continueWithTails, decodeTailFacts, type TailFacts } from '../core/upload/tails.ts';
import { bytesOf, crc32OfParts, describePart } from '../core/upload/uploadedParts.ts';

/** Bytes that continue S3 parts, and what the last of them says of the file so far. */
export interface Tail {
  readonly bytes: Buffer;
  readonly facts: TailFacts | undefined;
}

/** What S3 is asked of an upload whose recorder is gone. */
export class AbandonedUpload {
  readonly #s3: S3Client;
  readonly #store: StateStore;
  readonly #recordingId: string;
  readonly #open: OpenPart;

  constructor(s3: S3Client, store: StateStore, recordingId: string, open: OpenPart) {
    this.#s3 = s3;
    this.#store = store;
    this.#recordingId = recordingId;
    this.#open = open;
  }

  get #target() {
    return { Bucket: this.#store.bucket, Key: this.#open.key, UploadId: this.#open.uploadId };
  }

  /** Undefined when the upload was completed or aborted. */
  async listParts(): Promise<UploadedPart[] | undefined> {
    const found: UploadedPart[] = [];
    let marker: string | undefined;
    try {
      do {
        const page = await this.#s3.send(new ListPartsCommand({ ...this.#target, PartNumberMarker: marker }));
        for (const { PartNumber = 0, Size = 0, ETag = '', ChecksumCRC32 = '' } of page.Parts ?? []) {
          found.push({ partNumber: PartNumber, bytes: Size, etag: ETag, crc32: ChecksumCRC32 });
        }
        marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
    } catch (error) {
      if (uploadIsGone(error)) return undefined;
      throw error;
    }
    return found;
  }

  /** The saved bytes from an offset of the file on, up to the first gap. */
  async tail(fromBytes: number): Promise<Tail> {
    const keys = await this.#store.list(tailsPrefix(this.#recordingId, this.#open.part));
    const buffers: Buffer[] = [];
    let facts: TailFacts | undefined;
    for (const { key, skipBytes } of continueWithTails(fromBytes, keys)) {
      const answer = await this.#s3.send(new GetObjectCommand({ Bucket: this.#store.bucket, Key: key }));
      const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
      buffers.push(Buffer.from(bytes.subarray(skipBytes)));
      facts = decodeTailFacts(answer.Metadata ?? {}) ?? facts;
    }
    return { bytes: Buffer.concat(buffers), facts };
  }

  async uploadPart(partNumber: number, data: Buffer): Promise<void> {
    const { crc32 } = describePart(partNumber, data);
    await this.#s3.send(
      new UploadPartCommand({ ...this.#target, PartNumber: partNumber, Body: data, ChecksumCRC32: crc32 }),
    );
  }

  /** @returns false when one of the S3 parts is another one by now */
  async complete(pieces: readonly UploadedPart[]): Promise<boolean> {
    const command = new CompleteMultipartUploadCommand({
      ...this.#target,
      ChecksumCRC32: crc32OfParts(pieces),
      ChecksumType: 'FULL_OBJECT',
      MpuObjectSize: bytesOf(pieces),
      MultipartUpload: {
        Parts: pieces.map(({ partNumber, etag, crc32 }) => ({
          PartNumber: partNumber,
          ETag: etag,
          ChecksumCRC32: crc32,
        })),
      },
    });
    try {
      await this.#s3.send(command);
      return true;
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'InvalidPart') return false;
      throw error;
    }
  }

  async abort(): Promise<void> {
    try {
      await this.#s3.send(new AbortMultipartUploadCommand(this.#target));
    } catch (error) {
      if (!uploadIsGone(error)) throw error;
    }
  }

  async removeTails(): Promise<void> {
    for (const key of await this.#store.list(tailsPrefix(this.#recordingId, this.#open.part))) {
      await this.#store.remove(key);
    }
  }
}
