import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { isStatus, type StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { releaseLock } from '../core/protocol/lock.ts';
import { type RecordingObjects, recordingStatus } from '../core/state/fold.ts';
import { activeKey, indexKey, jobKey, recordingPrefix, roomRecordingKey } from '../core/state/keys.ts';

const DELETES_AT_ONCE = 16;

/**
 * Forgets a recording that has ended, and deletes its records in the library where that is asked. The job goes last, so
 * that a deletion that was interrupted can be asked again.
 * @returns how many records were deleted; one that is not the recorded one any more is left alone
 * @throws RecorderError recording_active while it goes on, or while a record is on its way to the library
 */
export async function deleteRecording(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  objects: RecordingObjects,
  options: { readonly records: boolean },
): Promise<number> {
  const { recordingId, mediaSessionId, stream } = objects.job;
  const parts = [...objects.parts.values()];
  const underway = parts.some(({ moved, final }) => moved === undefined && final?.bytes !== 0);
  if (objects.outcome === undefined || recordingStatus(objects) === 'processing' || underway) {
    throw new RecorderError(
      'recording_active',
      'The recording goes on, or its records are on their way to the library. Stop it, and wait for its end.',
      { field: 'recordingId' },
    );
  }
  let deleted = 0;
  if (options.records) {
    for (const { moved } of parts) {
      if (moved !== undefined && (await deleteRecord(s3, moved))) deleted += 1;
    }
  }
  // A lock that still named it would be taken for one of a recording that goes on.
  await releaseLock({ store, clock: { nowMs: Date.now } }, mediaSessionId, recordingId);
  const keys = (await store.list(recordingPrefix(recordingId))).filter((key) => key !== jobKey(recordingId));
  for (let i = 0; i < keys.length; i += DELETES_AT_ONCE) {
    await Promise.all(keys.slice(i, i + DELETES_AT_ONCE).map((key) => store.remove(key)));
  }
  await store.remove(activeKey(recordingId));
  await store.remove(indexKey(recordingId));
  if (stream.room !== undefined) await store.remove(roomRecordingKey(stream.room, recordingId));
  await store.remove(jobKey(recordingId));
  return deleted;
}

async function deleteRecord(
  s3: S3Client,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
): Promise<boolean> {
  try {
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }));
    return true;
  } catch (error) {
    // Somebody else's object has the name by now, or it is gone already.
    if (isStatus(error, 412) || isStatus(error, 404)) return false;
    throw error;
  }
}
