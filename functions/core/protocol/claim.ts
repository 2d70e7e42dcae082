import { attemptKey } from '../state/keys.ts';
import { type Claim, claimSchema } from '../state/objects.ts';
import type { Clock, Store } from './ports.ts';

export interface AttemptPorts {
  readonly store: Store;
  readonly clock: Clock;
}

/** A recorder that is to be an attempt of a recording. */
export interface AttemptTask {
  readonly recordingId: string;
  readonly attempt: number;
  /** The ECS task that it runs in, where it is known. */
  readonly taskArn?: string | undefined;
  /** Tells this run from every other one, also of the same task. */
  readonly runId: string;
  /** It runs beside others. */
  readonly hostId?: string | undefined;
  /** The id of the journal that it writes. */
  readonly journal?: string | undefined;
}

/** @returns the claim, where the attempt is this recorder's */
export async function claim(
  { store, clock }: AttemptPorts,
  { recordingId, attempt, taskArn, runId, hostId, journal }: AttemptTask,
): Promise<Claim | undefined> {
  const key = attemptKey(recordingId, attempt, 'claim');
  const own: Claim = {
    attempt,
    claimedAtMs: clock.nowMs(),
    ...(taskArn === undefined ? {} : { taskArn }),
    runId,
    ...(hostId === undefined ? {} : { hostId }),
    ...(journal === undefined ? {} : { journal }),
  };
  if (await store.create(key, own)) return own;
  // A retried write whose first answer was lost finds itself.
  const known = (await store.read(key, claimSchema))?.value;
  return known?.runId === runId ? known : undefined;
}

/**
 * Sees to it that no recorder ever takes an attempt, or finds that one has.
 * @returns the attempt's claim; `void` in it says that nobody records, and nobody will. `isNew`: it was written here
 */
export async function voidClaim(
  { store, clock }: AttemptPorts,
  { recordingId, attempt }: Pick<AttemptTask, 'recordingId' | 'attempt'>,
  why: NonNullable<Claim['void']>,
): Promise<{ readonly claim: Claim; readonly isNew: boolean }> {
  const key = attemptKey(recordingId, attempt, 'claim');
  const own: Claim = { attempt, claimedAtMs: clock.nowMs(), void: why };
  if (await store.create(key, own)) return { claim: own, isNew: true };
  return { claim: (await store.read(key, claimSchema))?.value ?? own, isNew: false };
}
