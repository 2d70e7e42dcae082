import { jobKey, lockKey } from '../keys.ts';
import type { Clock, Store } from '../ports.ts';
import { jobSchema, type Lock, lockSchema } from '../state/objects.ts';
import { replacedByIt } from './replaced.ts';

/**
 * Releases the session's lock if this recording holds it; whoever wrote or found the outcome calls it. The lock object
 * stays and names the session's last recording, so that a late stop still finds what it is about. A lock that another
 * recording has taken over by now is left alone. A restart that failed before its first frame hands the lock back to
 * the recording that it was to replace, which goes on.
 */
export async function releaseLock(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  mediaSessionId: string,
  recordingId: string,
): Promise<void> {
  const key = lockKey(mediaSessionId);
  const lock = await store.read(key, lockSchema);
  if (lock === undefined || !holds(lock.value, recordingId)) return;
  const job = await store.read(jobKey(recordingId), jobSchema);
  const [former] = job === undefined ? [] : await replacedByIt(store, job.value);
  const next: Lock =
    former === undefined
      ? { ...lock.value, releasedAtMs: clock.nowMs() }
      : { recordingId: former, acquiredAtMs: clock.nowMs() };
  await store.replace(key, next, lock.etag);
}

function holds(lock: Lock, recordingId: string): boolean {
  return lock.recordingId === recordingId && lock.releasedAtMs === undefined;
}
