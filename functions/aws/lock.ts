import { lockKey } from '../core/keys.ts';
import { lockSchema } from '../core/state/objects.ts';
import type { StateStore } from './stateStore.ts';

/**
 * Releases the session's lock if this recording holds it; whoever wrote or found the outcome calls it. A lock that
 * another recording has taken over by now is left alone.
 */
export async function releaseLock(
  store: StateStore,
  mediaSessionId: string,
  recordingId: string,
): Promise<boolean> {
  const key = lockKey(mediaSessionId);
  const lock = await store.read(key, lockSchema);
  if (lock === undefined || lock.value.recordingId !== recordingId) return false;
  return store.remove(key, lock.etag);
}
