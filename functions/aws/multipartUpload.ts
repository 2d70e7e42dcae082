import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  ListPartsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { UploadedPart } from '../core/state/partObjects.ts';
import { create } from './conditionalWrite.ts';
import { uploadIsGone } from './stateStore.ts';

/** The time was over before everything was copied. What was copied is in S3, and whoever comes next goes on with it. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** A multipart upload that is open. */
export interface OpenUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

export async function beginUpload(
  s3: S3Client,
  bucket: string,
  key: string,
  attributes: Omit<CreateMultipartUploadCommandInput, 'Bucket' | 'Key'>,
): Promise<OpenUpload> {
  const { UploadId: uploadId = '' } = await s3.send(
    new CreateMultipartUploadCommand({
      ...attributes,
      Bucket: bucket,
      Key: key,
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    }),
  );
  return { bucket, key, uploadId };
}

/** Its S3 parts by their numbers. @throws NoSuchUpload */
export async function uploadedParts(
  s3: S3Client,
  { bucket, key, uploadId }: OpenUpload,
): Promise<Map<number, UploadedPart>> {
  const found = new Map<number, UploadedPart>();
  let marker: string | undefined;
  do {
    const page = await s3.send(
      new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, PartNumberMarker: marker }),
    );
    for (const { PartNumber = 0, Size = 0, ETag = '', ChecksumCRC32 = '' } of page.Parts ?? []) {
      found.set(PartNumber, { partNumber: PartNumber, bytes: Size, etag: ETag, crc32: ChecksumCRC32 });
    }
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return found;
}

/** A taken key is left as it is, and the upload open. @throws NoSuchUpload */
export async function completeUpload(
  s3: S3Client,
  { bucket, key, uploadId }: OpenUpload,
  parts: readonly UploadedPart[],
  { bytes, crc32 }: { readonly bytes: number; readonly crc32: string },
): Promise<void> {
  const inOrder = [...parts].sort((one, other) => one.partNumber - other.partNumber);
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    IfNoneMatch: '*',
    ChecksumCRC32: crc32,
    ChecksumType: 'FULL_OBJECT',
    MpuObjectSize: bytes,
    MultipartUpload: {
      Parts: inOrder.map((part) => ({
        PartNumber: part.partNumber,
        ETag: part.etag,
        ChecksumCRC32: part.crc32,
      })),
    },
  });
  await create(() => s3.send(command));
}

/** One that is gone counts as aborted. */
export async function abortUpload(s3: S3Client, { bucket, key, uploadId }: OpenUpload): Promise<void> {
  try {
    await s3.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
  } catch (error) {
    if (!uploadIsGone(error)) throw error;
  }
}

/**
 * Works on all items, so many at once, and waits for all, so that nothing goes on behind the caller's back.
 * @throws OutOfTime where there was no time for one of them; before it any other failure
 */
export async function workOn<Item>(
  items: readonly Item[],
  atOnce: number,
  hasTime: () => boolean,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) {
      if (!hasTime()) throw new OutOfTime();
      await work(item);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const errors = workers.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const fault = errors.find((error) => !(error instanceof OutOfTime)) ?? errors[0];
  if (fault !== undefined) throw fault;
}
