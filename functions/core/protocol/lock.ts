import { jobKey, lockKey, outcomeKey, stopKey } from '../state/keys.ts';
import { type Job, jobSchema, type Lock, lockSchema, outcomeSchema, stopSchema } from '../state/objects.ts';
import type { Clock, Store } from './ports.ts';
import { replacedByIt } from './replaced.ts';

/**
 * Who may take a lock over: anybody, once it is released, or its holder has ended or is stopping. A holder that goes on
 * keeps it; only a restart, which replaces that very recording, takes the lock from it (./start.ts).
 * @returns the recording that holds the lock and goes on; undefined where the lock is free to take
 */
export async function activeHolder(store: Store, lock: Lock): Promise<string | undefined> {
  if (lock.releasedAtMs !== undefined) return undefined;
  const [outcome, stop] = await Promise.all([
    store.read(outcomeKey(lock.recordingId), outcomeSchema),
    // A recording that is stopping records nothing that comes after this request: it does not answer for it.
    store.read(stopKey(lock.recordingId), stopSchema),
  ]);
  return outcome === undefined && stop === undefined ? lock.recordingId : undefined;
}

/**
 * Gives the session's lock to this job, unless somebody wrote it since it was read. Recordings that held it before and
 * have not ended stay named in it: whoever mends must find them.
 * @param held the lock as it was read; undefined where there was none
 */
export async function takeLock(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  job: Job,
  held: { readonly value: Lock; readonly etag: string } | undefined,
): Promise<boolean> {
  const key = lockKey(job.mediaSessionId);
  const lock: Lock = { recordingId: job.recordingId, acquiredAtMs: clock.nowMs() };
  if (held === undefined) return store.create(key, lock);
  const { recordingId, releasedAtMs, earlier = [] } = held.value;
  const candidates = releasedAtMs === undefined ? [...earlier, recordingId] : earlier;
  const unfinished = await withoutOutcome(store, candidates);
  return store.replace(key, unfinished.length === 0 ? lock : { ...lock, earlier: unfinished }, held.etag);
}

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
      : {
          recordingId: former,
          acquiredAtMs: clock.nowMs(),
          earlier: (lock.value.earlier ?? []).filter((id) => id !== former),
        };
  await store.replace(key, next, lock.etag);
}

/** Of these recordings those that have not ended. */
export async function withoutOutcome(store: Store, recordingIds: readonly string[]): Promise<string[]> {
  const outcomes = await Promise.all(recordingIds.map((id) => store.read(outcomeKey(id), outcomeSchema)));
  return recordingIds.filter((_, index) => outcomes[index] === undefined);
}

/**
 * Recordings that a lock names and that may need mending: its holder, and those that held it before and had not ended.
 * Forgets the ones that have ended by now.
 */
export async function recordingsOfLock(
  { store }: { readonly store: Store },
  key: string,
  lock: { readonly value: Lock; readonly etag: string },
): Promise<{ readonly holder: string | undefined; readonly earlier: readonly string[] }> {
  const { recordingId, releasedAtMs, earlier: known = [] } = lock.value;
  const earlier = await withoutOutcome(store, known);
  if (earlier.length < known.length) await store.replace(key, { ...lock.value, earlier }, lock.etag);
  return { holder: releasedAtMs === undefined ? recordingId : undefined, earlier };
}

function holds(lock: Lock, recordingId: string): boolean {
  return lock.recordingId === recordingId && lock.releasedAtMs === undefined;
}
