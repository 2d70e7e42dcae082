import { RecorderError } from '../api/errors.ts';
import { bounded, type RecordingLimits } from '../settings/limits.ts';
import type { RecordingSettings } from '../settings/settings.ts';
import {
  attemptKey,
  indexKey,
  jobKey,
  lockKey,
  outcomeKey,
  roomKey,
  roomRecordingKey,
  sessionKey,
} from '../state/keys.ts';
import {
  claimSchema,
  type Job,
  jobSchema,
  lockSchema,
  type Outcome,
  outcomeSchema,
  sessionSchema,
} from '../state/objects.ts';
import { markActive } from './active.ts';
import { activeHolder, takeLock } from './lock.ts';
import type { Clock, Launcher, Store } from './ports.ts';
import { wantedToo } from './wanted.ts';

export interface StartPorts {
  readonly store: Store;
  readonly tasks: Launcher;
  readonly clock: Clock;
  readonly newRecordingId: () => string;
  /** What callers can spend. What goes on with a recording that was let in before has none. */
  readonly limits?: StartLimits;
}

export interface StartLimits extends Pick<RecordingLimits, 'maxDurationMs'> {
  /** @throws RecorderError too_many_recordings */
  readonly admit: () => Promise<void>;
}

export interface StartParams {
  readonly mediaSessionId: string;
  readonly settings: RecordingSettings;
  /** What a recording that goes on with other settings means: it is the answer, or it is replaced. 'keep' by default. */
  readonly whenDifferent?: 'keep' | 'restart';
  /** What to record, where the stream is not one of the registry. */
  readonly direct?: Pick<Job, 'source' | 'stream'>;
  readonly requestId: string;
  /** The id that the recording gets where it can: that of an Idempotency-Key, which other requests may be using now. */
  readonly recordingId?: string;
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
 * @throws RecorderError session_not_found; session_busy; too_many_recordings
 */
export async function startRecording(ports: StartPorts, given: StartParams): Promise<StartResult> {
  const { store, limits } = ports;
  const params = limits === undefined ? given : { ...given, settings: bounded(given.settings, limits) };
  const what: What = params.direct ?? (await publishedStream(store, params.mediaSessionId));
  let job: Job | undefined;
  for (let tries = 1; tries <= LOCK_TRIES; tries++) {
    const lock = await store.read(lockKey(params.mediaSessionId), lockSchema);
    const holder = lock === undefined ? undefined : await activeHolder(store, lock.value);
    const isOwn = holder !== undefined && holder === job?.recordingId;
    const replaces =
      holder !== undefined && !isOwn && (await isReplaced(ports, params, holder)) ? holder : undefined;
    if (lock !== undefined && holder !== undefined && !isOwn && replaces === undefined) {
      const next = wantedToo(lock.value, what.publishedAtMs, params);
      const isNoted =
        next === lock.value || (await store.replace(lockKey(params.mediaSessionId), next, lock.etag));
      if (!isNoted) continue;
      if (job !== undefined) await giveUp(ports, job, params);
      await launchIfForgotten(ports, holder);
      return { recordingId: holder, alreadyStarted: true };
    }
    if (job !== undefined && replaces !== undefined && job.replaces !== replaces) {
      // What a job replaces is written into it: another holder needs another job.
      await giveUp(ports, job, params);
      job = undefined;
    }
    // What takes the place of another adds nothing.
    if (job === undefined && replaces === undefined) await limits?.admit();
    job ??= await createJob(ports, params, what, replaces);
    if (isOwn || (await takeLock(ports, job, lock, what.publishedAtMs))) {
      await noteInIndexes(store, job);
      await ports.tasks.run(job.recordingId, 1);
      return { recordingId: job.recordingId, alreadyStarted: false };
    }
  }
  if (job !== undefined) await giveUp(ports, job, params);
  throw new RecorderError('session_busy', 'This stream is being started by many others now. Try again.', {
    field: 'mediaSessionId',
  });
}

/** What is to be recorded: a stream, and which publication of it, where it is one of the registry. */
type What = Pick<Job, 'source' | 'stream'> & { readonly publishedAtMs?: number | undefined };

/** @throws RecorderError session_not_found */
async function publishedStream(store: Store, mediaSessionId: string): Promise<What> {
  const session = await store.read(sessionKey(mediaSessionId), sessionSchema);
  if (session?.value.status !== 'PUBLISHING') {
    throw new RecorderError('session_not_found', 'No stream with this mediaSessionId is being published.', {
      field: 'mediaSessionId',
    });
  }
  const { sourceUrl, sourceSecret, publishedAtMs, ...stream } = session.value;
  return { source: sourceOf(sourceUrl, sourceSecret), stream, publishedAtMs };
}

/** @param secret that has the values for the places in the URL */
export function sourceOf(url: string, secret: string | undefined): Job['source'] {
  return { url, ...(secret === undefined ? {} : { secret }) };
}

async function isReplaced(
  { store, limits }: StartPorts,
  params: StartParams,
  holder: string,
): Promise<boolean> {
  if (params.whenDifferent !== 'restart') return false;
  const job = await store.read(jobKey(holder), jobSchema);
  if (job === undefined) return false;
  // It may have begun before there were limits.
  const { settings } = job.value;
  return !isSame(limits === undefined ? settings : bounded(settings, limits), params.settings);
}

/** Whether two plain values are the same, whatever the order of their keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => isSame(value, right.get(key)));
}

/** The lock went to another start: nobody will refer to this job. */
async function giveUp({ store, clock }: StartPorts, job: Job, params: StartParams): Promise<void> {
  // The same request may be sent twice, and the other one be starting it.
  if (job.recordingId === params.recordingId) return;
  const outcome: Outcome = {
    status: 'failed',
    reason: { code: 'superseded', message: 'Another start for the same stream came first.' },
    parts: 0,
    atMs: clock.nowMs(),
  };
  await store.create(outcomeKey(job.recordingId), outcome);
}

/** What lists find recordings by. The room's name comes last: whoever finds it finds its recordings. */
async function noteInIndexes(store: Store, { recordingId, stream }: Job): Promise<void> {
  await store.create(indexKey(recordingId), { recordingId });
  if (stream.room === undefined) return;
  await store.create(roomRecordingKey(stream.room, recordingId), { recordingId });
  await store.create(roomKey(stream.room), { room: stream.room });
}

/** Heals a start that crashed between lock and asking; to ask again is harmless. */
async function launchIfForgotten(ports: StartPorts, recordingId: string): Promise<void> {
  const [job, claim] = await Promise.all([
    ports.store.read(jobKey(recordingId), jobSchema),
    ports.store.read(attemptKey(recordingId, 1, 'claim'), claimSchema),
  ]);
  if (job === undefined || claim !== undefined) return;
  if (ports.clock.nowMs() - job.value.requestedAtMs < UNCLAIMED_AFTER_MS) return;
  await noteInIndexes(ports.store, job.value);
  await ports.tasks.run(recordingId, 1);
}

/** Writes a job under an id that no recording has ended under. */
async function createJob(
  ports: StartPorts,
  params: StartParams,
  what: What,
  replaces: string | undefined,
): Promise<Job> {
  const { store } = ports;
  const given = params.recordingId;
  if (given !== undefined) {
    const job = newJob(ports, params, what, { recordingId: given, replaces });
    if (await store.create(jobKey(given), job)) return marked(store, job);
    // An earlier try of the same request wrote it; what came of that one may be over.
    const known = await store.read(jobKey(given), jobSchema);
    const outcome = await store.read(outcomeKey(given), outcomeSchema);
    if (known !== undefined && outcome === undefined && known.value.replaces === replaces)
      return marked(store, known.value);
  }
  const job = newJob(ports, params, what, { recordingId: ports.newRecordingId(), replaces });
  await store.create(jobKey(job.recordingId), job);
  return marked(store, job);
}

/** Before a lock can lead to it. */
async function marked(store: Store, job: Job): Promise<Job> {
  await markActive(store, job);
  return job;
}

function newJob(
  ports: StartPorts,
  params: StartParams,
  { source, stream }: What,
  { recordingId, replaces }: { readonly recordingId: string; readonly replaces: string | undefined },
): Job {
  return {
    recordingId,
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
