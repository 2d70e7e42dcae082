import type { RecordingObjects } from '../state/fold.ts';
import { lockKey, outcomeKey } from '../state/keys.ts';
import { lockSchema, type Reason } from '../state/objects.ts';
import { voidClaim } from './claim.ts';
import { releaseLockUnlessWanted } from './lock.ts';
import type { StopTasks } from './ports.ts';
import { missingAttempt, type StoppedAttempt } from './settle.ts';
import type { StartPorts } from './start.ts';
import { startWanted } from './startWanted.ts';

export interface ReconcilePorts extends StartPorts {
  readonly stopTasks: StopTasks;
  /** Whether ECS has a task of the recording that has not stopped. */
  readonly hasTask: (recordingId: string) => Promise<boolean>;
  /** Publishes what is known of an ended recording and was not announced. */
  readonly announceMissing: (objects: RecordingObjects) => Promise<void>;
  /** What follows when the task of an attempt is gone. */
  readonly settle: (objects: RecordingObjects, gone: LostAttempt) => Promise<void>;
}

/** An attempt whose task is gone, and no event told of it. */
export interface LostAttempt extends StoppedAttempt {
  /** The last that was seen of it, in epoch milliseconds. */
  readonly endedAtMs: number;
}

/** What a recording needed. */
export type RecordingMend = 'lockReleased' | 'stopRepeated' | 'taskMissed';

/** A task that was just asked for is not missing yet; ECS's own event comes within seconds. */
const TASK_GONE_MS = 3 * 60_000;
/** Longer than any recorder takes to end after SIGTERM. */
const STOP_OVERDUE_MS = 3 * 60_000;

/**
 * Mends a recording that holds its session's lock, or held it and had no outcome then: events that were lost, functions
 * that crashed between two steps. @returns what was mended; undefined where all was well, or it is too soon to tell
 */
export async function reconcileRecording(
  ports: ReconcilePorts,
  objects: RecordingObjects,
): Promise<RecordingMend | undefined> {
  const { job, stop, outcome } = objects;
  const { recordingId, mediaSessionId } = job;
  const nowMs = ports.clock.nowMs();
  if (outcome !== undefined) {
    await ports.announceMissing(objects);
    await startWanted(ports, mediaSessionId);
    await releaseLockUnlessWanted(ports, mediaSessionId, recordingId);
    return 'lockReleased';
  }
  if (await ports.hasTask(recordingId)) {
    if (stop === undefined || nowMs - stop.requestedAtMs < STOP_OVERDUE_MS) return undefined;
    await ports.stopTasks(recordingId, 'the stop is overdue');
    return 'stopRepeated';
  }
  const endedAtMs = lastSignMs(objects);
  if (nowMs - endedAtMs < TASK_GONE_MS) return undefined;
  if (await neverBegan(ports, objects)) return 'taskMissed';
  const reason = 'the task is gone, and its end was not reported';
  const attempt = missingAttempt(objects);
  await ports.settle(objects, { attempt, reason, by: 'reconcile', endedAtMs, died: true });
  return 'taskMissed';
}

/**
 * Its start died before it had the session's lock, or another start had it: nobody was told of such a recording, and
 * another one may record its stream. It ends without an attempt.
 */
async function neverBegan(ports: ReconcilePorts, { job, attempts }: RecordingObjects): Promise<boolean> {
  const { store, clock } = ports;
  const { recordingId, mediaSessionId } = job;
  const lock = (await store.read(lockKey(mediaSessionId), lockSchema))?.value;
  if (lock?.recordingId === recordingId || lock?.earlier?.includes(recordingId) === true) return false;
  if ([...attempts.values()].some(({ claim, end }) => end !== undefined || claim?.void === undefined))
    return false;
  const reason: Reason = { code: 'superseded', message: 'Its start did not come to its end.' };
  const why = { by: 'reconcile', reason: reason.message };
  if ((await voidClaim(ports, { recordingId, attempt: 1 }, why)).claim.void === undefined) return false;
  await store.create(outcomeKey(recordingId), { status: 'failed', reason, parts: 0, atMs: clock.nowMs() });
  return true;
}

/** What of a recording says whether it is to be looked at closely; of its attempts the latest two alone. */
export type RecordingLife = Pick<RecordingObjects, 'job' | 'stop' | 'outcome' | 'attempts'>;

/** Whether `reconcileRecording` may find something to mend. A recent heartbeat says that all is well, without ECS. */
export function mayNeedMending(life: RecordingLife, nowMs: number): boolean {
  if (life.outcome !== undefined) return true;
  if (life.stop !== undefined && nowMs - life.stop.requestedAtMs >= STOP_OVERDUE_MS) return true;
  return nowMs - lastSignMs(life) >= TASK_GONE_MS;
}

/** When the recording was last heard of. */
function lastSignMs({ job, attempts }: Pick<RecordingObjects, 'job' | 'attempts'>): number {
  const signs = [...attempts.values()].flatMap(({ claim, progress, end }) => [
    ...[claim?.claimedAtMs ?? 0, progress?.atMs ?? 0, end?.endedAtMs ?? 0],
  ]);
  return Math.max(job.requestedAtMs, ...signs);
}
