import { RecorderError } from '../errors.ts';
import { attemptKey, indexKey, jobKey, lockKey, outcomeKey, sessionKey, stopKey } from '../keys.ts';
import type { Clock, Launcher, Store } from '../ports.ts';
import type { RecordingSettings } from '../settings.ts';
import {
  claimSchema,
  type Job,
  jobSchema,
  type Lock,
  lockSchema,
  type Outcome,
  outcomeSchema,
  type Session,
  sessionSchema,
  stopSchema,
} from '../state/objects.ts';
import { releaseLock } from './lock.ts';

export interface StartPorts {
  readonly store: Store;
  readonly tasks: Launcher;
  readonly clock: Clock;
  readonly newRecordingId: () => string;
}

export interface StartParams {
  readonly mediaSessionId: string;
  readonly settings: RecordingSettings;
  readonly requestId: string;
}

export interface StartResult {
  readonly recordingId: string;
  /** The same request was made before and its recording goes on: nothing new was started. */
  readonly alreadyStarted: boolean;
}

/** A task that has not claimed its attempt after this time may never have been asked for. */
const UNCLAIMED_AFTER_MS = 10_000;
const LOCK_TRIES = 10;

/**
 * Starts a recording: job, lock, RunTask, in this order, so that whoever finds a lock finds its job, and a crash
 * between any two steps is healed by the next start.
 * @throws RecorderError session_not_found; capacity_unavailable
 */
export async function startRecording(ports: StartPorts, params: StartParams): Promise<StartResult> {
  const { store } = ports;
  const session = await store.read(sessionKey(params.mediaSessionId), sessionSchema);
  if (session?.value.status !== 'PUBLISHING') {
    throw new RecorderError('session_not_found', 'No stream with this mediaSessionId is being published.', {
      field: 'mediaSessionId',
    });
  }
  let job: Job | undefined;
  for (let tries = 1; tries <= LOCK_TRIES; tries++) {
    const lock = await store.read(lockKey(params.mediaSessionId), lockSchema);
    const holder = lock === undefined ? undefined : await activeHolder(ports, lock.value);
    if (holder !== undefined && holder !== job?.recordingId) {
      if (job !== undefined) await giveUp(ports, job);
      await launchIfForgotten(ports, holder);
      return { recordingId: holder, alreadyStarted: true };
    }
    if (job === undefined) {
      job = newJob(ports, params, session.value);
      await store.create(jobKey(job.recordingId), job);
    }
    if (holder === job.recordingId || (await takeLock(ports, job, lock?.etag))) {
      await store.create(indexKey(job.recordingId), { recordingId: job.recordingId });
      await launch(ports, job);
      return { recordingId: job.recordingId, alreadyStarted: false };
    }
  }
  throw new Error(`the lock of the session changed hands ${LOCK_TRIES} times while this start wanted it`);
}

/** The recording that holds the lock and goes on; undefined where the lock is free to take. */
async function activeHolder({ store }: StartPorts, lock: Lock): Promise<string | undefined> {
  if (lock.releasedAtMs !== undefined) return undefined;
  const [outcome, stop] = await Promise.all([
    store.read(outcomeKey(lock.recordingId), outcomeSchema),
    // A recording that is stopping records nothing that comes after this request: it does not answer for it.
    store.read(stopKey(lock.recordingId), stopSchema),
  ]);
  return outcome === undefined && stop === undefined ? lock.recordingId : undefined;
}

async function takeLock({ store, clock }: StartPorts, job: Job, etag: string | undefined): Promise<boolean> {
  const key = lockKey(job.mediaSessionId);
  const lock: Lock = { recordingId: job.recordingId, acquiredAtMs: clock.nowMs() };
  return etag === undefined ? store.create(key, lock) : store.replace(key, lock, etag);
}

/** The lock went to another start: nobody will refer to this job. */
async function giveUp({ store, clock }: StartPorts, job: Job): Promise<void> {
  const outcome: Outcome = {
    status: 'failed',
    reason: { code: 'superseded', message: 'Another start for the same stream came first.' },
    parts: 0,
    atMs: clock.nowMs(),
  };
  await store.create(outcomeKey(job.recordingId), outcome);
}

async function launch(ports: StartPorts, job: Job): Promise<void> {
  try {
    await ports.tasks.run(job.recordingId, 1);
  } catch (error) {
    // Only an explicit no is the end of it. After a time-out the task may be starting: the next start asks again.
    if (error instanceof RecorderError && error.code === 'capacity_unavailable') {
      const outcome: Outcome = {
        status: 'failed',
        reason: { code: 'never_started', message: 'There was no capacity to start a recorder.' },
        parts: 0,
        atMs: ports.clock.nowMs(),
      };
      await ports.store.create(outcomeKey(job.recordingId), outcome);
      await releaseLock(ports, job.mediaSessionId, job.recordingId);
    }
    throw error;
  }
}

/** Heals a start that crashed between lock and RunTask; the token of the attempt makes a second call harmless. */
async function launchIfForgotten(ports: StartPorts, recordingId: string): Promise<void> {
  const [job, claim] = await Promise.all([
    ports.store.read(jobKey(recordingId), jobSchema),
    ports.store.read(attemptKey(recordingId, 1, 'claim'), claimSchema),
  ]);
  if (job === undefined || claim !== undefined) return;
  if (ports.clock.nowMs() - job.value.requestedAtMs < UNCLAIMED_AFTER_MS) return;
  await ports.store.create(indexKey(recordingId), { recordingId });
  await launch(ports, job.value);
}

function newJob(ports: StartPorts, params: StartParams, session: Session): Job {
  const { mediaSessionId, sourceUrl, status: _status, eventAtMs: _eventAtMs, ...stream } = session;
  return {
    recordingId: ports.newRecordingId(),
    mediaSessionId,
    requestedAtMs: ports.clock.nowMs(),
    requestId: params.requestId,
    source: { url: sourceUrl },
    stream,
    settings: params.settings,
  };
}
