import type { PartObjects } from '../state/fold.ts';
import { attemptKey, jobKey, outcomeKey, stopKey } from '../state/keys.ts';
import {
  type Claim,
  claimSchema,
  type End,
  endSchema,
  type Job,
  jobSchema,
  type Outcome,
  outcomeSchema,
  type Reason,
  stopSchema,
} from '../state/objects.ts';
import { outcomeOf } from '../state/outcome.ts';
import { releaseLock } from './lock.ts';
import type { Clock, Store } from './ports.ts';

export interface AttemptPorts {
  readonly store: Store;
  readonly clock: Clock;
}

/** A task that is to be an attempt of a recording. */
export interface AttemptTask {
  readonly recordingId: string;
  readonly attempt: number;
  /** Tells this task from every other one. */
  readonly taskArn: string;
}

/** What a task finds when it begins. */
export type Begun =
  | { readonly kind: 'unknown' }
  /** The recording has ended: there is nothing to do. */
  | { readonly kind: 'over'; readonly job: Job }
  /** Another task has this attempt, or nobody waits for it any more. */
  | { readonly kind: 'superseded'; readonly job: Job }
  /** The attempt is this task's. */
  | { readonly kind: 'claimed'; readonly job: Job; readonly isStopAsked: boolean };

/** A task begins: it claims its attempt. Who cannot claim it must not record. */
export async function beginAttempt(ports: AttemptPorts, task: AttemptTask): Promise<Begun> {
  const { store } = ports;
  const { recordingId } = task;
  const job = (await store.read(jobKey(recordingId), jobSchema))?.value;
  if (job === undefined) return { kind: 'unknown' };
  if ((await store.read(outcomeKey(recordingId), outcomeSchema)) !== undefined) return { kind: 'over', job };
  if (!(await claim(ports, task)) || (await isEnded(ports, task))) return { kind: 'superseded', job };
  const isStopAsked = (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
  return { kind: 'claimed', job, isStopAsked };
}

async function claim(
  { store, clock }: AttemptPorts,
  { recordingId, attempt, taskArn }: AttemptTask,
): Promise<boolean> {
  const key = attemptKey(recordingId, attempt, 'claim');
  const own: Claim = { attempt, claimedAtMs: clock.nowMs(), taskArn };
  if (await store.create(key, own)) return true;
  // A retried write whose first answer was lost finds itself.
  return (await store.read(key, claimSchema))?.value.taskArn === taskArn;
}

/** Somebody took this attempt for lost before its task came to claim it: the next one is on its way. */
async function isEnded({ store }: AttemptPorts, { recordingId, attempt }: AttemptTask): Promise<boolean> {
  return (await store.read(attemptKey(recordingId, attempt, 'end'), endSchema)) !== undefined;
}

export interface EndPorts extends AttemptPorts {
  /** Publishes the outcome. Must not throw: what was not published is published by whoever mends. */
  readonly announce: (outcome: Outcome) => Promise<void>;
  /** Parts of all attempts of the recording. */
  readonly allParts: () => Promise<ReadonlyMap<number, PartObjects>>;
}

/** Says how the attempt ended; and the recording, when no attempt will follow. */
export async function endAttempt(
  { store, clock, announce, allParts }: EndPorts,
  { recordingId, mediaSessionId }: Pick<Job, 'recordingId' | 'mediaSessionId'>,
  attempt: number,
  reason: Reason,
): Promise<void> {
  // Whoever took over says how it goes on.
  if (reason.code === 'superseded') return;
  const fact: End = { attempt, endedAtMs: clock.nowMs(), by: 'recorder', reason };
  await store.create(attemptKey(recordingId, attempt, 'end'), fact);
  if (reason.code === 'interrupted') return;
  const outcome = outcomeOf(reason, await allParts(), clock.nowMs());
  await store.create(outcomeKey(recordingId), outcome);
  // Before the lock is free: who finds a held lock with an outcome also finds what was not announced.
  await announce(outcome);
  await releaseLock({ store, clock }, mediaSessionId, recordingId);
}
