import { type S3Client, UploadPartCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { completeUpload, type OpenUpload, uploadedParts, workOn } from '../aws/multipartUpload.ts';
import { uploadIsGone } from '../aws/stateStore.ts';
import { type PlannedPart, planUpload, type SourceRange } from '../core/clips/uploadPlan.ts';
import { type Pieces, toBuffer } from '../core/media/pieces.ts';
import type { UploadedPart } from '../core/state/partObjects.ts';
import { bytesOf, crc32OfParts, describePart } from '../core/upload/uploadedParts.ts';
import { copySource } from '../relocation/library.ts';
import { canCopy, type MediaSource, type RecordSource, readRange } from '../relocation/recordTables.ts';

const AT_ONCE = 16;

type Part = PlannedPart<MediaSource, RecordSource>;

/** A new file: its head, and where the bytes that follow it lie. */
export interface FileContent {
  readonly head: Pieces;
  readonly ranges: readonly SourceRange<MediaSource>[];
}

export interface WholeFile {
  readonly bytes: number;
  readonly crc32: string;
}

/** Whoever wants to know how an upload goes on. */
export interface UploadWatch {
  /** An S3 part more is there. @param share of them, from 0 to 1 */
  readonly progressed?: (share: number) => Promise<void>;
  /** All S3 parts are there, and nothing is visible yet. */
  readonly completing?: (parts: readonly UploadedPart[], whole: WholeFile) => Promise<void>;
}

/**
 * Brings the upload of a new file to its end: ranges that S3 copies, and what is too small for that. What is in the upload
 * already stays. A taken key is left as it is, and the upload open.
 * @returns what the object must be; undefined where the upload is not there any more
 * @throws OutOfTime; S3's faults, 412 and 404 where a record is not the one that was recorded
 */
export async function uploadFile(
  s3: S3Client,
  upload: OpenUpload,
  file: FileContent,
  hasTime: () => boolean,
  { progressed, completing }: UploadWatch = {},
): Promise<WholeFile | undefined> {
  try {
    const done = await uploadedParts(s3, upload);
    const planned = planUpload(file.head.bytes, file.ranges, canCopy);
    const missing = planned.filter((part) => done.get(part.partNumber)?.bytes !== bytesOfPart(part, file));
    let left = missing.length;
    await workOn(missing, AT_ONCE, hasTime, async (part) => {
      const made = part.kind === 'copy' ? copyRange(s3, upload, part) : uploadBytes(s3, upload, part, file);
      done.set(part.partNumber, await made);
      left -= 1;
      await progressed?.(1 - left / planned.length);
    });
    const parts = [...done.values()].sort((one, other) => one.partNumber - other.partNumber);
    const whole = { bytes: bytesOf(parts), crc32: crc32OfParts(parts) };
    await completing?.(parts, whole);
    await completeUpload(s3, upload, parts, whole);
    return whole;
  } catch (error) {
    if (uploadIsGone(error)) return undefined;
    throw error;
  }
}

async function copyRange(
  s3: S3Client,
  { bucket, key, uploadId }: OpenUpload,
  { partNumber, range }: Extract<Part, { kind: 'copy' }>,
): Promise<UploadedPart> {
  const { source, fromByte, endByte } = range;
  const version = source.versionId === undefined ? '' : `?versionId=${source.versionId}`;
  const answer = await s3.send(
    new UploadPartCopyCommand({
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: partNumber,
      CopySource: `${copySource(source.bucket, source.key)}${version}`,
      CopySourceIfMatch: source.etag,
      CopySourceRange: `bytes=${fromByte}-${endByte - 1}`,
    }),
  );
  const { ETag = '', ChecksumCRC32 = '' } = answer.CopyPartResult ?? {};
  return { partNumber, bytes: endByte - fromByte, etag: ETag, crc32: ChecksumCRC32 };
}

/** 10 MiB at most, besides a head. */
async function uploadBytes(
  s3: S3Client,
  { bucket, key, uploadId }: OpenUpload,
  { partNumber, withHead, ranges }: Extract<Part, { kind: 'upload' }>,
  { head }: FileContent,
): Promise<UploadedPart> {
  const media = await Promise.all(ranges.map((range) => readRange(s3, range.source, range)));
  const bytes = Buffer.concat([...(withHead ? [toBuffer(head)] : []), ...media]);
  const described = describePart(partNumber, bytes);
  const answer = await s3.send(
    new UploadPartCommand({
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: partNumber,
      Body: bytes,
      ChecksumCRC32: described.crc32,
    }),
  );
  return { ...described, etag: answer.ETag ?? '' };
}

function bytesOfPart(part: Part, { head }: FileContent): number {
  const ranges = part.kind === 'copy' ? [part.range] : part.ranges;
  const media = ranges.reduce((sum, { fromByte, endByte }) => sum + endByte - fromByte, 0);
  return media + (part.kind === 'upload' && part.withHead ? head.bytes : 0);
}
