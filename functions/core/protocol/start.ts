import { RecorderError } from '../api/errors.ts';
import type { RecordingSettings } from '../settings/settings.ts';
import { attemptKey, indexKey, jobKey, lockKey, outcomeKey, sessionKey } from '../state/keys.ts';
import {
  claimSchema,
  type Job,
  jobSchema,
  lockSchema,
  type Outcome,
  sessionSchema,
} from '../state/objects.ts';
import { activeHolder, takeLock } from './lock.ts';
import type { Clock, Launcher, Store } from './ports.ts';

export interface StartPorts {
  readonly store: Store;
  readonly tasks: Launcher;
  readonly clock: Clock;
  readonly newRecordingId: () => string;
}

export interface StartParams {
  readonly mediaSessionId: string;
  readonly settings: RecordingSettings;
  /** What a recording that goes on with other settings means: it is the answer, or it is replaced. 'keep' by default. */
  readonly whenDifferent?: 'keep' | 'restart';
  /** What to record, where the stream is not one of the registry. */
  readonly direct?: Pick<Job, 'source' | 'stream'>;
  readonly requestId: string;
}

export interface StartResult {
  readonly recordingId: string;
  /** The same request was made before and its recording goes on: nothing new was started. */
  readonly alreadyStarted: boolean;
}

/** A recorder that has not claimed its attempt after this time may never have been asked for. */
const UNCLAIMED_AFTER_MS = 10_000;
const LOCK_TRIES = 10;

/**
 * Starts a recording: job, lock, asking for a recorder, in this order, so that whoever finds a lock finds its job, and a crash
 * between any two steps is healed by the next start. A restart takes the lock over from a recording that goes on until
 * the new one has its first frame.
 * @throws RecorderError session_not_found; session_busy
 */
export async function startRecording(ports: StartPorts, params: StartParams): Promise<StartResult> {
  const { store } = ports;
  const what = params.direct ?? (await publishedStream(store, params.mediaSessionId));
  let job: Job | undefined;
  for (let tries = 1; tries <= LOCK_TRIES; tries++) {
    const lock = await store.read(lockKey(params.mediaSessionId), lockSchema);
    const holder = lock === undefined ? undefined : await activeHolder(store, lock.value);
    const replaces =
      holder !== undefined && holder !== job?.recordingId && (await isReplaced(store, params, holder))
        ? holder
        : undefined;
    if (holder !== undefined && holder !== job?.recordingId && replaces === undefined) {
      if (job !== undefined) await giveUp(ports, job);
      await launchIfForgotten(ports, holder);
      return { recordingId: holder, alreadyStarted: true };
    }
    if (job !== undefined && replaces !== undefined && job.replaces !== replaces) {
      // What a job replaces is written into it: another holder needs another job.
      await giveUp(ports, job);
      job = undefined;
    }
    if (job === undefined) {
      job = newJob(ports, params, what, replaces);
      await store.create(jobKey(job.recordingId), job);
    }
    if (holder === job.recordingId || (await takeLock(ports, job, lock))) {
      await store.create(indexKey(job.recordingId), { recordingId: job.recordingId });
      await ports.tasks.run(job.recordingId, 1);
      return { recordingId: job.recordingId, alreadyStarted: false };
    }
  }
  if (job !== undefined) await giveUp(ports, job);
  throw new RecorderError('session_busy', 'This stream is being started by many others now. Try again.', {
    field: 'mediaSessionId',
  });
}

/** @throws RecorderError session_not_found */
async function publishedStream(
  store: Store,
  mediaSessionId: string,
): Promise<Pick<Job, 'source' | 'stream'>> {
  const session = await store.read(sessionKey(mediaSessionId), sessionSchema);
  if (session?.value.status !== 'PUBLISHING') {
    throw new RecorderError('session_not_found', 'No stream with this mediaSessionId is being published.', {
      field: 'mediaSessionId',
    });
  }
  const { sourceUrl, ...stream } = session.value;
  return { source: { url: sourceUrl }, stream };
}

async function isReplaced(store: Store, params: StartParams, holder: string): Promise<boolean> {
  if (params.whenDifferent !== 'restart') return false;
  const job = await store.read(jobKey(holder), jobSchema);
  return job !== undefined && !isSame(job.value.settings, params.settings);
}

/** Whether two plain values are the same, whatever the order of their keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => isSame(value, right.get(key)));
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

/** Heals a start that crashed between lock and asking; to ask again is harmless. */
async function launchIfForgotten(ports: StartPorts, recordingId: string): Promise<void> {
  const [job, claim] = await Promise.all([
    ports.store.read(jobKey(recordingId), jobSchema),
    ports.store.read(attemptKey(recordingId, 1, 'claim'), claimSchema),
  ]);
  if (job === undefined || claim !== undefined) return;
  if (ports.clock.nowMs() - job.value.requestedAtMs < UNCLAIMED_AFTER_MS) return;
  await ports.store.create(indexKey(recordingId), { recordingId });
  await ports.tasks.run(recordingId, 1);
}

function newJob(
  ports: StartPorts,
  params: StartParams,
  { source, stream }: Pick<Job, 'source' | 'stream'>,
  replaces: string | undefined,
): Job {
  return {
    recordingId: ports.newRecordingId(),
    mediaSessionId: params.mediaSessionId,
    requestedAtMs: ports.clock.nowMs(),
    requestId: params.requestId,
    source,
    // Only what the job's schema has of a session: its state is not the recording's.
    stream: jobSchema.shape.stream.parse(stream),
    settings: params.settings,
    ...(replaces === undefined ? {} : { replaces }),
  };
}
