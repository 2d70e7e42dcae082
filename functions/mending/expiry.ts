import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { MERGES_INDEX_PREFIX, mergeMarkerKey } from '../core/rooms/mergeKeys.ts';
import { invertedTime } from '../core/state/ids.ts';
import { INDEX_PREFIX, recordingIdOfIndexKey } from '../core/state/keys.ts';
import { deleteRecording } from '../recordings/delete.ts';
import { forgetMerge } from '../recordings/forgetMerge.ts';

/** The state of a recording that has ended is kept for so long; its records in the library are another matter. */
export const FINISHED_STATE_KEPT_MS = 400 * 24 * 3_600_000;
/** In one run; the next one goes on. */
const MAX_AT_ONCE = 50;
const NO_RECORDS = { records: false, hasTime: () => true };

/**
 * Forgets recordings that ended long ago. A lifecycle rule cannot: it knows an object's age, and not whether the
 * recording has ended. The index lists newest first, so what comes after a point in time is older.
 * @returns how many were forgotten; one that goes on, or whose records are still on their way, is never too old
 */
export async function expireFinishedState(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  nowMs: number,
): Promise<number> {
  const after = `${INDEX_PREFIX}${invertedTime(nowMs - FINISHED_STATE_KEPT_MS)}`;
  const { entries } = await store.listPage(INDEX_PREFIX, { after, max: MAX_AT_ONCE });
  let expired = 0;
  for (const { key } of entries) {
    try {
      await deleteRecording({ s3, store }, recordingIdOfIndexKey(key), NO_RECORDS);
      expired += 1;
    } catch (error) {
      if (!(error instanceof RecorderError)) throw error;
      // The rest of a deletion that was interrupted.
      if (error.code === 'recording_not_found') await store.remove(key);
      else if (error.code !== 'recording_active') throw error;
    }
  }
  return expired;
}

/** The same of merges that became no recording: those that did went with it. One that is not settled is never too old. */
export async function expireMerges(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  nowMs: number,
): Promise<number> {
  const after = `${MERGES_INDEX_PREFIX}${invertedTime(nowMs - FINISHED_STATE_KEPT_MS)}`;
  const { entries } = await store.listPage(MERGES_INDEX_PREFIX, { after, max: MAX_AT_ONCE });
  let expired = 0;
  for (const { key } of entries) {
    const mergeId = recordingIdOfIndexKey(key);
    if ((await store.etag(mergeMarkerKey(mergeId))) !== undefined) continue;
    await forgetMerge({ s3, store }, mergeId);
    expired += 1;
  }
  return expired;
}
