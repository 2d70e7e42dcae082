import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { keyOfToken, pageToken } from '../core/api/pages.ts';
import {
  keptPlanSchema,
  type MergeObjects,
  mergeCancelSchema,
  mergeJobSchema,
  mergeOutcomeSchema,
  mergeProgressSchema,
} from '../core/rooms/merge.ts';
import { MERGES_INDEX_PREFIX, mergeKey, roomMergesPrefix } from '../core/rooms/mergeKeys.ts';
import { isRecordingId } from '../core/state/ids.ts';
import { recordingIdOfIndexKey } from '../core/state/keys.ts';

/** All that is known of a merge; undefined where there is no job. */
export async function readMerge(
  store: Pick<StateStore, 'read'>,
  mergeId: string,
): Promise<MergeObjects | undefined> {
  const [job, plan, progress, cancel, outcome] = await Promise.all([
    store.read(mergeKey(mergeId, 'job'), mergeJobSchema),
    store.read(mergeKey(mergeId, 'plan'), keptPlanSchema),
    store.read(mergeKey(mergeId, 'progress'), mergeProgressSchema),
    store.read(mergeKey(mergeId, 'cancel'), mergeCancelSchema),
    store.read(mergeKey(mergeId, 'outcome'), mergeOutcomeSchema),
  ]);
  if (job === undefined) return undefined;
  return {
    job: job.value,
    ...(plan === undefined ? {} : { plan: plan.value }),
    ...(progress === undefined ? {} : { progress: progress.value }),
    ...(cancel === undefined ? {} : { cancel: cancel.value }),
    ...(outcome === undefined ? {} : { outcome: outcome.value }),
  };
}

/** @throws RecorderError merge_not_found */
export async function knownMerge(store: Pick<StateStore, 'read'>, mergeId: string): Promise<MergeObjects> {
  const found = isRecordingId(mergeId) ? await readMerge(store, mergeId) : undefined;
  if (found !== undefined) return found;
  throw new RecorderError('merge_not_found', 'There is no merge with this id.', { field: 'mergeId' });
}

/** A page of merges, of one room or of all, newest first. @throws RecorderError invalid_request on `nextToken` */
export async function listMerges(
  store: StateStore,
  { room, limit, nextToken }: { readonly room?: string; readonly limit: number; readonly nextToken?: string },
): Promise<{ readonly merges: readonly MergeObjects[]; readonly nextToken?: string }> {
  const prefix = room === undefined ? MERGES_INDEX_PREFIX : roomMergesPrefix(room);
  const after = nextToken === undefined ? {} : { after: keyOfToken(nextToken, prefix) };
  const page = await store.listPage(prefix, { ...after, max: limit });
  const read = await Promise.all(page.entries.map(({ key }) => readMerge(store, recordingIdOfIndexKey(key))));
  const last = page.entries.at(-1)?.key;
  return {
    merges: read.filter((one) => one !== undefined),
    ...(page.hasMore && last !== undefined ? { nextToken: pageToken(last) } : {}),
  };
}
