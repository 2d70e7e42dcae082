import type { Logger } from '@aws-lambda-powertools/logger';
import { HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { isStatus, type StateStore } from '../aws/stateStore.ts';
import { jobKey, partKey, type RecordKey } from '../core/state/keys.ts';
import { type Job, jobSchema } from '../core/state/objects.ts';
import { type FinalPart, finalPartSchema, type OpenPart, openPartSchema } from '../core/state/partObjects.ts';
import { bytesOf, crc32OfParts } from '../core/upload/uploadedParts.ts';

/** A record in landing, with all that is known of it. */
export interface LandedRecord {
  readonly key: string;
  readonly etag: string;
  readonly job: Job;
  readonly open: OpenPart;
  readonly final: FinalPart;
  /** Of the object as it lies in landing. CRC32 in base64. */
  readonly bytes: number;
  readonly crc32: string;
  /** An MP4 that is still in fragments: its recorder did not come to put the index in front. */
  readonly needsIndex: boolean;
}

/** The object and its checksum; undefined when there is none. */
export async function headObject(
  s3: S3Client,
  bucket: string,
  key: string,
): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }));
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/**
 * Reads what the recorder knows of an object.
 * @returns undefined when there is nothing to move: it is gone, or no recorder wrote it
 * @throws when `final.json` is missing or tells of another object
 */
export async function readLandedRecord(
  s3: S3Client,
  store: StateStore,
  key: string,
  place: RecordKey,
  log: Logger,
): Promise<LandedRecord | undefined> {
  const head = await headObject(s3, store.bucket, key);
  if (head === undefined) {
    log.info('nothing to do: the object is gone, it was moved before', { key });
    return undefined;
  }
  const part = Number(head.Metadata?.part);
  const [job, open, final] = Number.isSafeInteger(part)
    ? await Promise.all([
        store.read(jobKey(place.recordingId), jobSchema),
        store.read(partKey(place.recordingId, part, 'open'), openPartSchema),
        store.read(partKey(place.recordingId, part, 'final'), finalPartSchema),
      ])
    : [];
  if (job === undefined || open?.value.key !== key) {
    log.warn('left alone: no recorder wrote this object', { key });
    return undefined;
  }
  if (final === undefined) throw new Error(`${key} is complete but has no final.json`);
  return {
    key,
    etag: head.ETag ?? '',
    job: job.value,
    open: open.value,
    final: final.value,
    ...contentOf(key, head, final.value),
  };
}

/**
 * Which of the two contents that `final.json` allows it has: with the new first S3 part, or, where a rescuer did not
 * find that one, as it was uploaded.
 */
function contentOf(
  key: string,
  head: HeadObjectCommandOutput,
  final: FinalPart,
): Pick<LandedRecord, 'bytes' | 'crc32' | 'needsIndex'> {
  const uploaded = { bytes: bytesOf(final.uploaded), crc32: crc32OfParts(final.uploaded) };
  const is = ({ bytes, crc32 }: { readonly bytes: number; readonly crc32: string }): boolean =>
    head.ContentLength === bytes && (head.ChecksumCRC32 === undefined || head.ChecksumCRC32 === crc32);
  if (final.newFirst !== undefined && is(final)) {
    return { bytes: final.bytes, crc32: final.crc32, needsIndex: false };
  }
  if (is(uploaded)) return { ...uploaded, needsIndex: final.format === 'mp4' && uploaded.bytes > 0 };
  throw new Error(`${key} has ${head.ContentLength} bytes and is not what final.json says of it`);
}
