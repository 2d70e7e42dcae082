import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { markActive } from '../core/protocol/active.ts';
import { withoutOutcome } from '../core/protocol/lock.ts';
import { ACTIVE_MARKED_KEY, jobKey, LOCKS_PREFIX } from '../core/state/keys.ts';
import { jobSchema, lockSchema } from '../core/state/objects.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

const AT_ONCE = 32;

/**
 * Recordings that were started before there were markers are found by their locks, once: by their holder, and by those
 * that held it before and had not ended.
 * @param onFault told of a lock that could not be looked at
 * @returns how many were marked
 */
export async function markEarlierRecordings(
  store: StateStore,
  walk: Walk,
  nowMs: number,
  onFault: (error: unknown, entry: ListedObject) => void,
): Promise<number> {
  const [isDone] = (await store.listPage(ACTIVE_MARKED_KEY, { max: 1 })).entries;
  if (isDone !== undefined) return 0;
  let marked = 0;
  const markHolders = async (key: string): Promise<void> => {
    const lock = await store.read(key, lockSchema);
    if (lock === undefined) return;
    const { recordingId, releasedAtMs, earlier = [] } = lock.value;
    // A holder that has ended is to be marked as well: its lock is to be released.
    const holders = releasedAtMs === undefined ? [recordingId] : [];
    for (const id of [...(await withoutOutcome(store, earlier)), ...holders]) {
      const job = await store.read(jobKey(id), jobSchema);
      if (job === undefined) continue;
      await markActive(store, job.value);
      marked += 1;
    }
  };
  const isWhole = await walk.through('marked', LOCKS_PREFIX, (entries) =>
    inBatches(entries, AT_ONCE, ({ key }) => markHolders(key), onFault),
  );
  if (isWhole) await store.create(ACTIVE_MARKED_KEY, { atMs: nowMs });
  return marked;
}
