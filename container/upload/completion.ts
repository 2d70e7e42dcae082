import { CompleteMultipartUploadCommand, HeadObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { isStatus, uploadIsGone } from '../../functions/aws/stateStore.ts';
import { partKey } from '../../functions/core/state/keys.ts';
import type { FinalPart, UploadedPart } from '../../functions/core/state/partObjects.ts';
import { bytesOf } from '../../functions/core/upload/uploadedParts.ts';
import type { AttemptContext } from '../attempt/context.ts';
import { SupersededError } from '../attempt/faults.ts';
import type { UploadTarget } from './uploader.ts';

export interface Completion {
  readonly target: UploadTarget;
  /** As they are in S3 now. */
  readonly parts: readonly UploadedPart[];
  readonly final: FinalPart;
}

type CompletionContext = Pick<AttemptContext, 's3' | 'store' | 'job'>;

/** Tries until it works or is final. */
type Retrying = <T>(run: () => Promise<T>) => Promise<T>;

/**
 * Makes the record of its S3 parts; this is the fence. That somebody did it before is well, if it is this record.
 * @throws SupersededError, and S3's error for an upload that is gone, and left no such record
 */
export async function completeUpload(
  context: CompletionContext,
  completion: Completion,
  retrying: Retrying,
): Promise<void> {
  const { target, parts, final } = completion;
  const command = new CompleteMultipartUploadCommand({
    Bucket: target.bucket,
    Key: target.key,
    UploadId: target.uploadId,
    ChecksumCRC32: final.crc32,
    ChecksumType: 'FULL_OBJECT',
    MpuObjectSize: final.bytes,
    MultipartUpload: {
      Parts: parts.map(({ partNumber, etag, crc32 }) => ({
        PartNumber: partNumber,
        ETag: etag,
        ChecksumCRC32: crc32,
      })),
    },
  });
  try {
    await retrying(() => send(context, command));
  } catch (error) {
    if (!uploadIsGone(error)) throw error;
    // Completed by a try of ours whose answer was lost, or by a rescuer that followed final.json.
    if (!(await isThere(context, completion, retrying))) throw error;
  }
}

/** Nobody but a rescuer writes another S3 part under one of our numbers; it completes what there is. */
async function send({ s3 }: CompletionContext, command: CompleteMultipartUploadCommand): Promise<void> {
  try {
    await s3.send(command);
  } catch (error) {
    if (!(error instanceof S3ServiceException) || error.name !== 'InvalidPart') throw error;
    throw new SupersededError('another task wrote a part of this upload');
  }
}

async function isThere(
  context: CompletionContext,
  { target, final }: Completion,
  retrying: Retrying,
): Promise<boolean> {
  try {
    const { ContentLength } = await retrying(() =>
      context.s3.send(new HeadObjectCommand({ Bucket: target.bucket, Key: target.key })),
    );
    return ContentLength === final.bytes || ContentLength === bytesOf(final.uploaded);
  } catch (error) {
    // Gone from landing as well: it has been moved to the library by now.
    if (isStatus(error, 404)) return wasMoved(context, final.part);
    throw error;
  }
}

async function wasMoved({ store, job }: CompletionContext, part: number): Promise<boolean> {
  return (await store.list(partKey(job.recordingId, part, 'moved'))).length > 0;
}
