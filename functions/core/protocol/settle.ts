import type { RecordingObjects } from '../state/fold.ts';
import { attemptKey, endingKey, jobKey, outcomeKey, sessionKey, stopKey } from '../state/keys.ts';
import {
  type Claim,
  claimSchema,
  type End,
  endingSchema,
  endSchema,
  jobSchema,
  type Outcome,
  outcomeSchema,
  type Reason,
  sessionSchema,
  stopSchema,
} from '../state/objects.ts';
import { outcomeOf } from '../state/outcome.ts';
import { voidClaim } from './claim.ts';
import { isFollowed } from './followed.ts';
import { releaseLockUnlessWanted } from './lock.ts';
import { isEarlierAlive, laterAttempt } from './others.ts';
import { needsOwnTask } from './poison.ts';
import type { StopTasks } from './ports.ts';
import type { StartPorts } from './start.ts';
import { startWanted } from './startWanted.ts';

export interface SettlePorts extends StartPorts {
  readonly stopTasks: StopTasks;
  readonly sleep: (ms: number) => Promise<void>;
  /** Completes what ended attempts of the recording left behind. @returns the recording as it is then */
  readonly rescue: (objects: RecordingObjects) => Promise<RecordingObjects>;
}

/** A task that is gone. */
export interface StoppedAttempt {
  readonly attempt: number;
  /** The task; undefined where no task of the recording is left. */
  readonly taskArn?: string | undefined;
  /** Why, in ECS's words. */
  readonly reason: string;
  /** Who found out. */
  readonly by: string;
  /** Its process is gone, and had not said that it ends. */
  readonly died?: boolean;
  /** The last that was seen of it, in epoch milliseconds: now, where nobody knows. */
  readonly endedAtMs?: number;
  /** One that never started is followed by no other: ECS has refused it for too long. */
  readonly isFinal?: boolean;
  /** No task was found for it: a recorder that has it nevertheless was asked for by somebody else, and lives. */
  readonly unclaimedOnly?: boolean;
}

export type Settled =
  /** The recording has ended; `isNew`: this call wrote the outcome. */
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly isNew: boolean }
  | { readonly kind: 'relaunched'; readonly attempt: number }
  /** Another task has the attempt, or an attempt before it still records: that one's end says what follows. */
  | { readonly kind: 'alive' }
  /** The recording was forgotten meanwhile: its state would be written for nobody. */
  | { readonly kind: 'forgotten' };

/** Attempts in a row that ended soon after they began; more of them will not do better. */
const SHORT_ATTEMPTS_MAX = 5;
const SHORT_ATTEMPT_MS = 60_000;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 15_000;

/**
 * What follows when the task of an attempt is gone: the attempt gets its end, and the recording its outcome or its next
 * attempt. Safe to repeat, and two at once agree: each step is a create-only fact, and a recorder that is asked for twice
 * comes once. The next attempt is asked for before anything is rescued: what it would record meanwhile would be lost.
 */
export async function settleAttempt(
  ports: SettlePorts,
  objects: RecordingObjects,
  stopped: StoppedAttempt,
): Promise<Settled> {
  const { recordingId } = objects.job;
  const { store } = ports;
  const known = await store.read(outcomeKey(recordingId), outcomeSchema);
  if (known !== undefined) {
    await ports.rescue(objects);
    return ended(ports, objects, known.value, false);
  }
  // A recording that is deleted loses its outcome last: without a job, it is that which was not found.
  if ((await store.read(jobKey(recordingId), jobSchema)) === undefined) return { kind: 'forgotten' };
  const end = await attemptEnd(ports, recordingId, stopped);
  if (end === undefined) return { kind: 'alive' };
  const own = { recordingId, attempt: stopped.attempt };
  if (end.reason.code === 'never_started' && (await isEarlierAlive(store, own))) return { kind: 'alive' };
  const last = isFollowed(end.reason) ? await reasonToEnd(ports, objects, stopped, end) : end.reason;
  if (last !== undefined) return concludeAfter(ports, objects, stopped, last);

  const next = stopped.attempt + 1;
  const claim = (await store.read(attemptKey(recordingId, next, 'claim'), claimSchema))?.value;
  if (claim?.void !== undefined) return settleVoid(ports, objects, next, claim.void);
  if (claim === undefined) {
    const shortAttempts = countShortAttempts(objects, stopped.attempt, end);
    if (shortAttempts > 0)
      await ports.sleep(Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (shortAttempts - 1)));
    if (await isStopAsked(ports, recordingId)) return concludeAfter(ports, objects, stopped, STOPPED);
    const { died = false, taskArn, endedAtMs: diedAtMs = end.endedAtMs } = stopped;
    await ports.tasks.run(recordingId, next, died && needsOwnTask(objects, end, { taskArn, diedAtMs }));
  }
  // A stop that came in between found no task to stop; the recorder would find it too, a little later.
  if (await isStopAsked(ports, recordingId)) await ports.stopTasks(recordingId, 'stop was asked');
  return goesOn(ports, objects, stopped, next);
}

/** A later attempt says how the recording ends; one that ended before this one has said so already, and left the rest. */
async function goesOn(
  ports: SettlePorts,
  objects: RecordingObjects,
  { by }: StoppedAttempt,
  later: number,
): Promise<Settled> {
  const known = await ports.rescue(objects);
  const reason = known.attempts.get(later)?.end?.reason;
  if (reason === undefined) return { kind: 'relaunched', attempt: later };
  // Whether it died, its end says.
  return settleAttempt(ports, known, { attempt: later, by, reason: reason.message, died: true });
}

/** Why no other attempt is to follow one that was interrupted, or never started. */
async function reasonToEnd(
  ports: SettlePorts,
  objects: RecordingObjects,
  { attempt, isFinal }: StoppedAttempt,
  end: End,
): Promise<Reason | undefined> {
  const { store } = ports;
  const { recordingId, mediaSessionId } = objects.job;
  if (await isStopAsked(ports, recordingId)) return STOPPED;
  const ending = await store.read(endingKey(recordingId), endingSchema);
  if (ending !== undefined) return ending.value.reason;
  const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
  // Somebody is about to write the outcome, and closed this attempt for it: another one would record after the end.
  if (claim?.value.void?.last !== undefined) return claim.value.void.last;
  if (isFinal === true && end.reason.code === 'never_started') return end.reason;
  const session = await store.read(sessionKey(mediaSessionId), sessionSchema);
  if (session !== undefined && session.value.status !== 'PUBLISHING') {
    return { code: 'source_ended', message: 'The stream ended while no recorder was running.' };
  }
  const shortAttempts = countShortAttempts(objects, attempt, end);
  return shortAttempts >= SHORT_ATTEMPTS_MAX ? gaveUp(end.reason, shortAttempts) : undefined;
}

/**
 * The recording ends with this attempt, unless a later one has begun by now, or an earlier one still records: an event may
 * come late, or again. Only the latest attempt's end is the recording's.
 */
async function concludeAfter(
  ports: SettlePorts,
  objects: RecordingObjects,
  stopped: StoppedAttempt,
  reason: Reason,
): Promise<Settled> {
  const { attempt, by } = stopped;
  const own = { recordingId: objects.job.recordingId, attempt };
  if (await isEarlierAlive(ports.store, own)) {
    await ports.rescue(objects);
    return { kind: 'alive' };
  }
  const later = await laterAttempt(ports, own, {
    ...{ by, reason: 'the recording has ended' },
    last: reason,
  });
  return later === undefined ? conclude(ports, objects, reason) : goesOn(ports, objects, stopped, later);
}

/** Somebody said of the next attempt that nobody has it, and may not have come to say what follows. */
function settleVoid(
  ports: SettlePorts,
  objects: RecordingObjects,
  attempt: number,
  { by, reason }: NonNullable<Claim['void']>,
): Promise<Settled> {
  return settleAttempt(ports, objects, { attempt, by, reason });
}

/**
 * The attempt to settle when a recording has no task and no event told of it: the first one that was claimed and has no
 * end; else the latest one, or the one after it, if another was to follow. That other one was launched and its end was
 * lost, or was not launched at all: its client token cannot tell, so it counts as never started, and the next number is
 * taken.
 */
export function missingAttempt({ attempts }: RecordingObjects): number {
  const inOrder = [...attempts].sort(([a], [b]) => a - b);
  const unended = inOrder.find(
    ([, { claim, end }]) => claim !== undefined && claim.void === undefined && end === undefined,
  );
  if (unended !== undefined) return unended[0];
  const [latest, { end } = {}] = inOrder.findLast(([, facts]) => facts.end !== undefined) ?? [0];
  return end === undefined || isFollowed(end.reason) ? latest + 1 : latest;
}

const STOPPED: Reason = { code: 'stopped', message: 'The recording was stopped.' };

function gaveUp(last: Reason, attempts: number): Reason {
  return {
    code: last.code,
    message: `${last.message} After ${attempts} attempts in a row no other follows.`,
  };
}

/**
 * The attempt's end; written here when the recorder could not. Whoever says that nobody had it first sees to it that
 * nobody takes it. @returns undefined while another task has it
 */
async function attemptEnd(
  ports: SettlePorts,
  recordingId: string,
  { attempt, taskArn, reason, by, unclaimedOnly }: StoppedAttempt,
): Promise<End | undefined> {
  const { store, clock } = ports;
  const key = attemptKey(recordingId, attempt, 'end');
  const known = await store.read(key, endSchema);
  if (known !== undefined) return known.value;
  const { claim } = await voidClaim(ports, { recordingId, attempt }, { by, reason });
  const isAnother = claim.taskArn !== undefined && taskArn !== undefined && claim.taskArn !== taskArn;
  if (claim.void === undefined && (isAnother || unclaimedOnly === true)) return undefined;
  const end: End = {
    attempt,
    endedAtMs: clock.nowMs(),
    by,
    reason:
      claim.void === undefined
        ? { code: 'interrupted', message: `The recorder's task ended: ${reason}` }
        : { code: 'never_started', message: `The recorder's task did not start: ${claim.void.reason}` },
  };
  if (await store.create(key, end)) return end;
  return (await store.read(key, endSchema))?.value ?? end;
}

async function isStopAsked({ store }: SettlePorts, recordingId: string): Promise<boolean> {
  return (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
}

/**
 * How many attempts, up to this one and without a longer one in between, ended soon after they began. One that handed over
 * did what it should: it neither counts, nor is it the one to give up after.
 */
function countShortAttempts({ attempts }: RecordingObjects, last: number, end: End): number {
  if (end.reason.code === 'handed_over') return 0;
  let count = 0;
  for (let attempt = last; attempt > 0; attempt--) {
    const facts = attempts.get(attempt);
    if (facts?.end?.reason.code === 'handed_over') continue;
    const endedAtMs = attempt === last ? end.endedAtMs : facts?.end?.endedAtMs;
    const claimedAtMs = facts?.claim?.void === undefined ? facts?.claim?.claimedAtMs : undefined;
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
  const outcome = outcomeOf(reason, (await ports.rescue(objects)).parts, clock.nowMs());
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
  await startWanted(ports, job.mediaSessionId);
  await releaseLockUnlessWanted(ports, job.mediaSessionId, job.recordingId);
  return { kind: 'ended', outcome, isNew };
}
