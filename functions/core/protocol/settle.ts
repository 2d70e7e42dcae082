import type { RecordingObjects } from '../state/fold.ts';
import { attemptKey, outcomeKey, sessionKey, stopKey } from '../state/keys.ts';
import {
  claimSchema,
  type End,
  endSchema,
  type Outcome,
  outcomeSchema,
  type Reason,
  sessionSchema,
  stopSchema,
} from '../state/objects.ts';
import { outcomeOf } from '../state/outcome.ts';
import { releaseLock } from './lock.ts';
import type { Clock, Launcher, StopTasks, Store } from './ports.ts';

export interface SettlePorts {
  readonly store: Store;
  readonly tasks: Launcher;
  readonly stopTasks: StopTasks;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A task that is gone. */
export interface StoppedAttempt {
  readonly attempt: number;
  /** Why, in ECS's words. */
  readonly reason: string;
  /** Who found out. */
  readonly by: string;
  /** One that never started is followed by no other: ECS has refused it for too long. */
  readonly isFinal?: boolean;
}

export type Settled =
  /** The recording has ended; `isNew`: this call wrote the outcome. */
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly isNew: boolean }
  | { readonly kind: 'relaunched'; readonly attempt: number };

/** Attempts in a row that ended soon after they began; more of them will not do better. */
const SHORT_ATTEMPTS_MAX = 5;
const SHORT_ATTEMPT_MS = 60_000;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 15_000;

/**
 * What follows when the task of an attempt is gone: the attempt gets its end, and the recording its outcome or its next
 * attempt. Safe to repeat, and two at once agree: each step is a create-only fact, and a recorder that is asked for twice comes once.
 */
export async function settleAttempt(
  ports: SettlePorts,
  objects: RecordingObjects,
  stopped: StoppedAttempt,
): Promise<Settled> {
  const { recordingId, mediaSessionId } = objects.job;
  const { store } = ports;
  const known = await store.read(outcomeKey(recordingId), outcomeSchema);
  if (known !== undefined) return ended(ports, objects, known.value, false);
  const end = await attemptEnd(ports, recordingId, stopped);
  if (!isFollowed(end.reason)) return conclude(ports, objects, end.reason);
  if (await isStopAsked(ports, recordingId)) return conclude(ports, objects, STOPPED);
  if (stopped.isFinal === true && end.reason.code === 'never_started') {
    return conclude(ports, objects, end.reason);
  }

  const session = await store.read(sessionKey(mediaSessionId), sessionSchema);
  if (session !== undefined && session.value.status !== 'PUBLISHING') {
    return conclude(ports, objects, {
      code: 'source_ended',
      message: 'The stream ended while no recorder was running.',
    });
  }
  const shortAttempts = countShortAttempts(objects, stopped.attempt, end);
  if (shortAttempts >= SHORT_ATTEMPTS_MAX) return conclude(ports, objects, gaveUp(end.reason, shortAttempts));

  const next = stopped.attempt + 1;
  const isRunning = (await store.read(attemptKey(recordingId, next, 'claim'), claimSchema)) !== undefined;
  if (!isRunning) {
    if (shortAttempts > 0)
      await ports.sleep(Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (shortAttempts - 1)));
    if (await isStopAsked(ports, recordingId)) return conclude(ports, objects, STOPPED);
    await ports.tasks.run(recordingId, next);
  }
  // A stop that came in between found no task to stop; the recorder would find it too, a little later.
  if (await isStopAsked(ports, recordingId)) await ports.stopTasks(recordingId, 'stop was asked');
  return { kind: 'relaunched', attempt: next };
}

/**
 * The attempt to settle when a recording has no task and no event told of it: the latest one; or the one after it, if
 * that one's end is known and another was to follow. That other one was launched and its end was lost, or was not
 * launched at all: its client token cannot tell, so it counts as never started, and the next number is taken.
 */
export function missingAttempt({ attempts }: RecordingObjects): number {
  const latest = Math.max(0, ...attempts.keys());
  const end = attempts.get(latest)?.end;
  return latest === 0 || (end !== undefined && isFollowed(end.reason)) ? latest + 1 : latest;
}

const STOPPED: Reason = { code: 'stopped', message: 'The recording was stopped.' };

/** Nobody asked for the end, and nothing says that another attempt would fare the same. */
function isFollowed({ code }: Reason): boolean {
  return code === 'interrupted' || code === 'never_started' || code === 'recorder_failed';
}

function gaveUp(last: Reason, attempts: number): Reason {
  return {
    code: last.code,
    message: `${last.message} After ${attempts} attempts in a row no other follows.`,
  };
}

/** The attempt's end; written here when the recorder could not. */
async function attemptEnd(
  { store, clock }: SettlePorts,
  recordingId: string,
  { attempt, reason, by }: StoppedAttempt,
): Promise<End> {
  const key = attemptKey(recordingId, attempt, 'end');
  const known = await store.read(key, endSchema);
  if (known !== undefined) return known.value;
  const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
  const end: End = {
    attempt,
    endedAtMs: clock.nowMs(),
    by,
    reason:
      claim === undefined
        ? { code: 'never_started', message: `The recorder's task did not start: ${reason}` }
        : { code: 'interrupted', message: `The recorder's task ended: ${reason}` },
  };
  if (await store.create(key, end)) return end;
  return (await store.read(key, endSchema))?.value ?? end;
}

async function isStopAsked({ store }: SettlePorts, recordingId: string): Promise<boolean> {
  return (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
}

/** How many attempts, up to this one and without a longer one in between, ended soon after they began. */
function countShortAttempts({ attempts }: RecordingObjects, last: number, end: End): number {
  let count = 0;
  for (let attempt = last; attempt > 0; attempt--) {
    const facts = attempts.get(attempt);
    const endedAtMs = attempt === last ? end.endedAtMs : facts?.end?.endedAtMs;
    const claimedAtMs = facts?.claim?.claimedAtMs;
    const isLong =
      endedAtMs !== undefined && claimedAtMs !== undefined && endedAtMs - claimedAtMs >= SHORT_ATTEMPT_MS;
    if (isLong) return count;
    count += 1;
  }
  return count;
}

async function conclude(ports: SettlePorts, objects: RecordingObjects, reason: Reason): Promise<Settled> {
  const { store, clock } = ports;
  const { recordingId } = objects.job;
  const outcome = outcomeOf(reason, objects.parts, clock.nowMs());
  const isNew = await store.create(outcomeKey(recordingId), outcome);
  const written = isNew ? outcome : (await store.read(outcomeKey(recordingId), outcomeSchema))?.value;
  return ended(ports, objects, written ?? outcome, isNew);
}

async function ended(
  ports: SettlePorts,
  { job }: RecordingObjects,
  outcome: Outcome,
  isNew: boolean,
): Promise<Settled> {
  await releaseLock(ports, job.mediaSessionId, job.recordingId);
  return { kind: 'ended', outcome, isNew };
}
