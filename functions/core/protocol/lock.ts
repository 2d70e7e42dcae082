import { endingKey, jobKey, lockKey, outcomeKey, stopKey } from '../state/keys.ts';
import {
  endingSchema,
  type Job,
  jobSchema,
  type Lock,
  lockSchema,
  outcomeSchema,
  stopSchema,
} from '../state/objects.ts';
import type { Clock, Store } from './ports.ts';
import { replacedByIt } from './replaced.ts';

const TRIES = 10;

interface LockPorts {
  readonly store: Store;
  readonly clock: Clock;
}

/**
 * Who may take a lock over: anybody, once it is released, or its holder has ended, is ending or is stopping. A holder that
 * goes on keeps it; only a restart, which replaces that very recording, takes the lock from it (./start.ts).
 * @returns the recording that holds the lock and goes on; undefined where the lock is free to take
 */
export async function activeHolder(store: Store, lock: Lock): Promise<string | undefined> {
  if (lock.releasedAtMs !== undefined) return undefined;
  const { recordingId } = lock;
  const [outcome, stop, ending] = await Promise.all([
    store.read(outcomeKey(recordingId), outcomeSchema),
    // A recording that is ending records nothing that comes after this request: it does not answer for it.
    store.read(stopKey(recordingId), stopSchema),
    store.read(endingKey(recordingId), endingSchema),
  ]);
  return outcome === undefined && stop === undefined && ending === undefined ? recordingId : undefined;
}

/**
 * Gives the session's lock to this job, unless somebody wrote it since it was read. Recordings that held it before and
 * have not ended stay named in it: whoever mends must find them.
 * @param held the lock as it was read; undefined where there was none
 * @param publishedAtMs the publication of the stream that the job is for
 */
export async function takeLock(
  { store, clock }: LockPorts,
  job: Job,
  held: { readonly value: Lock; readonly etag: string } | undefined,
  publishedAtMs: number | undefined,
): Promise<boolean> {
  const key = lockKey(job.mediaSessionId);
  const lock: Lock = {
    recordingId: job.recordingId,
    acquiredAtMs: clock.nowMs(),
    ...(publishedAtMs === undefined ? {} : { publishedAtMs }),
  };
  if (held === undefined) return store.create(key, lock);
  const { recordingId, releasedAtMs, earlier = [], wanted } = held.value;
  const candidates = releasedAtMs === undefined ? [...earlier, recordingId] : earlier;
  const unfinished = await withoutOutcome(store, candidates);
  const next: Lock = {
    ...lock,
    ...(unfinished.length === 0 ? {} : { earlier: unfinished }),
    // What a restart replaces may get the lock back.
    ...(job.replaces === undefined || wanted === undefined ? {} : { wanted }),
  };
  return store.replace(key, next, held.etag);
}

/** Changes a session's lock under If-Match. @param change gives the known one back where nothing is to be written */
export async function changeLock(
  store: Store,
  mediaSessionId: string,
  change: (lock: Lock) => Lock | Promise<Lock>,
): Promise<void> {
  const key = lockKey(mediaSessionId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const lock = await store.read(key, lockSchema);
    if (lock === undefined) return;
    const next = await change(lock.value);
    if (next === lock.value || (await store.replace(key, next, lock.etag))) return;
  }
  throw new Error('the lock was changed by others all the time');
}

/**
 * Releases the session's lock if this recording holds it; whoever wrote or found the outcome calls it. The lock object
 * stays and names the session's last recording, so that a late stop still finds what it is about. A lock that another
 * recording has taken over by now is left alone. A restart that failed before its first frame hands the lock back to
 * the recording that it was to replace, which goes on.
 */
export function releaseLock(ports: LockPorts, mediaSessionId: string, recordingId: string): Promise<void> {
  return changeLock(ports.store, mediaSessionId, (lock) => released(ports, lock, recordingId));
}

/** The same; but a lock under which another recording is still to be started stays held, so that it is found. */
export function releaseLockUnlessWanted(
  ports: LockPorts,
  mediaSessionId: string,
  recordingId: string,
): Promise<void> {
  return changeLock(ports.store, mediaSessionId, (lock) =>
    lock.wanted === undefined ? released(ports, lock, recordingId) : lock,
  );
}

async function released({ store, clock }: LockPorts, lock: Lock, recordingId: string): Promise<Lock> {
  if (lock.recordingId !== recordingId || lock.releasedAtMs !== undefined) return lock;
  const job = await store.read(jobKey(recordingId), jobSchema);
  const [former] = job === undefined ? [] : await replacedByIt(store, job.value);
  if (former === undefined) return { ...lock, releasedAtMs: clock.nowMs() };
  const { publishedAtMs: _ofThisOne, ...kept } = lock;
  return {
    ...kept,
    recordingId: former,
    acquiredAtMs: clock.nowMs(),
    earlier: (lock.earlier ?? []).filter((id) => id !== former),
  };
}

/** Of these recordings those that have not ended. */
export async function withoutOutcome(store: Store, recordingIds: readonly string[]): Promise<string[]> {
  const outcomes = await Promise.all(recordingIds.map((id) => store.read(outcomeKey(id), outcomeSchema)));
  return recordingIds.filter((_, index) => outcomes[index] === undefined);
}
