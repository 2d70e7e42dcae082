import { activeKey, lockKey, outcomeKey } from '../state/keys.ts';
import { type Active, type Job, lockSchema, outcomeSchema } from '../state/objects.ts';
import type { RemovingStore, Store } from './ports.ts';

type Recording = Pick<Job, 'recordingId' | 'mediaSessionId'>;

/**
 * Marks a recording as one that goes on, before anybody can find it otherwise: whoever looks for what is alive reads the
 * markers, and never what has ended.
 */
export async function markActive(store: Store, { recordingId, mediaSessionId }: Recording): Promise<void> {
  await store.create(activeKey(recordingId), { recordingId, mediaSessionId } satisfies Active);
}

/**
 * Removes the marker of a recording that has ended and leaves nothing to mend: one that still holds its session's lock
 * is left to reconcile.
 * @returns whether the marker is gone
 */
export async function forgetActive(
  store: RemovingStore,
  { recordingId, mediaSessionId }: Recording,
): Promise<boolean> {
  const [outcome, lock] = await Promise.all([
    store.read(outcomeKey(recordingId), outcomeSchema),
    store.read(lockKey(mediaSessionId), lockSchema),
  ]);
  if (outcome === undefined) return false;
  if (lock?.value.recordingId === recordingId && lock.value.releasedAtMs === undefined) return false;
  await store.remove(activeKey(recordingId));
  return true;
}
