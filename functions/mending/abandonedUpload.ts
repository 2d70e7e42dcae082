import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { BodyInPieces } from '../aws/slices.ts';
import { uploadIsGone } from '../aws/stateStore.ts';
import type { OpenPart, UploadedPart } from '../core/state/partObjects.ts';
import { bytesOf, crc32OfParts } from '../core/upload/uploadedParts.ts';

/** What S3 is asked of an upload whose recorder is gone. */
export class AbandonedUpload {
  readonly #s3: S3Client;
  readonly #target: { readonly Bucket: string; readonly Key: string; readonly UploadId: string };

  /** @param s3 which takes bodies in pieces */
  constructor(s3: S3Client, bucket: string, { key, uploadId }: OpenPart) {
    this.#s3 = s3;
    this.#target = { Bucket: bucket, Key: key, UploadId: uploadId };
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

  /** @param pieces its bytes, one behind the other. @returns it as S3 has it */
  async uploadPart(part: UploadedPart, pieces: readonly Buffer[]): Promise<UploadedPart> {
    const { partNumber, bytes, crc32 } = part;
    const Body = new BodyInPieces(pieces) as unknown as Readable;
    const { ETag = '' } = await this.#s3.send(
      new UploadPartCommand({
        ...this.#target,
        PartNumber: partNumber,
        Body,
        ContentLength: bytes,
        ChecksumCRC32: crc32,
      }),
    );
    return { ...part, etag: ETag };
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
}
