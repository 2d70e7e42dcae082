import { lockKey } from '../keys.ts';
import type { Clock, Store } from '../ports.ts';
import { type Lock, lockSchema } from '../state/objects.ts';

/**
 * Releases the session's lock if this recording holds it; whoever wrote or found the outcome calls it. The lock object
 * stays and names the session's last recording, so that a late stop still finds what it is about. A lock that another
 * recording has taken over by now is left alone.
 */
export async function releaseLock(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  mediaSessionId: string,
  recordingId: string,
): Promise<void> {
  const key = lockKey(mediaSessionId);
  const lock = await store.read(key, lockSchema);
  if (lock === undefined || !holds(lock.value, recordingId)) return;
  await store.replace(key, { ...lock.value, releasedAtMs: clock.nowMs() } satisfies Lock, lock.etag);
}

function holds(lock: Lock, recordingId: string): boolean {
  return lock.recordingId === recordingId && lock.releasedAtMs === undefined;
}
