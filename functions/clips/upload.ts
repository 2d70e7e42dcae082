import { type S3Client, UploadPartCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { completeUpload, type OpenUpload, uploadedParts, workOn } from '../aws/multipartUpload.ts';
import { uploadIsGone } from '../aws/stateStore.ts';
import { type PlannedPart, planUpload } from '../core/clips/uploadPlan.ts';
import { toBuffer } from '../core/media/pieces.ts';
import type { UploadedPart } from '../core/state/partObjects.ts';
import { bytesOf, crc32OfParts, describePart } from '../core/upload/uploadedParts.ts';
import { copySource } from '../relocation/library.ts';
import { type RecordSource, readRange } from '../relocation/recordTables.ts';
import type { CutFile } from './cutting.ts';

const AT_ONCE = 16;

type Part = PlannedPart<RecordSource>;

/**
 * Brings the upload of a new file to its end: ranges that S3 copies, and what is too small for that. What is in the upload
 * already stays. A taken key is left as it is, and the upload open.
 * @returns what the object must be; undefined where the upload is not there any more
 * @throws OutOfTime; S3's faults, 412 and 404 where a record is not the one that was recorded
 */
export async function uploadFile(
  s3: S3Client,
  upload: OpenUpload,
  file: CutFile,
  hasTime: () => boolean,
): Promise<{ readonly bytes: number; readonly crc32: string } | undefined> {
  try {
    const done = await uploadedParts(s3, upload);
    const missing = planUpload(file.head.bytes, file.ranges).filter(
      (part) => done.get(part.partNumber)?.bytes !== bytesOfPart(part, file),
    );
    await workOn(missing, AT_ONCE, hasTime, async (part) => {
      const made = part.kind === 'copy' ? copyRange(s3, upload, part) : uploadBytes(s3, upload, part, file);
      done.set(part.partNumber, await made);
    });
    const parts = [...done.values()].sort((one, other) => one.partNumber - other.partNumber);
    const whole = { bytes: bytesOf(parts), crc32: crc32OfParts(parts) };
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
  { head }: CutFile,
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

function bytesOfPart(part: Part, { head }: CutFile): number {
  const ranges = part.kind === 'copy' ? [part.range] : part.ranges;
  const media = ranges.reduce((sum, { fromByte, endByte }) => sum + endByte - fromByte, 0);
  return media + (part.kind === 'upload' && part.withHead ? head.bytes : 0);
}
