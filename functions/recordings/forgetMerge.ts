import type { S3Client } from '@aws-sdk/client-s3';
import { removeObjects } from '../aws/removeObjects.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { mergeJobSchema } from '../core/rooms/merge.ts';
import { mergeIndexKey, mergeKey, mergePrefix, roomMergeKey } from '../core/rooms/mergeKeys.ts';

/** Forgets a merge that is settled. Its job goes last, which says what room's it was. */
export async function forgetMerge(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  mergeId: string,
): Promise<void> {
  const jobKey = mergeKey(mergeId, 'job');
  const job = (await store.read(jobKey, mergeJobSchema))?.value;
  const rest = (await store.list(mergePrefix(mergeId))).filter((key) => key !== jobKey);
  await removeObjects(s3, store.bucket, [
    ...rest,
    mergeIndexKey(mergeId),
    ...(job === undefined ? [] : [roomMergeKey(job.room, mergeId)]),
  ]);
  await store.remove(jobKey);
}
