import type { PartObjects, RecordingObjects } from '../state/fold.ts';
import { attemptKey, endingKey, jobKey, outcomeKey } from '../state/keys.ts';
import {
  type Claim,
  type End,
  type Ending,
  type Job,
  jobSchema,
  type Outcome,
  type Reason,
} from '../state/objects.ts';
import { hasUndecidedPart, outcomeOf } from '../state/outcome.ts';
import { type AttemptPorts, type AttemptTask, claim } from './claim.ts';
import { isFollowed } from './followed.ts';
import { releaseLockUnlessWanted } from './lock.ts';
import { isEarlierAlive, laterAttempt } from './others.ts';

/** What a recorder finds when it begins. */
export type Begun =
  | { readonly kind: 'unknown' }
  /** The recording has ended: there is nothing to do. */
  | { readonly kind: 'over'; readonly job: Job }
  /** Another one has this attempt, or nobody waits for it any more. */
  | { readonly kind: 'superseded'; readonly job: Job }
  /** The attempt is this one's. `ending`: why nothing more is to be recorded all the same. */
  | {
      readonly kind: 'claimed';
      readonly job: Job;
      /** All that had been said of the recording by then. */
      readonly objects: RecordingObjects;
      readonly isStopAsked: boolean;
      readonly ending?: Reason | undefined;
    };

/** What whoever reads a recording knows of it already: neither is ever changed. */
export interface KnownObjects {
  readonly job: Job;
  readonly claim: Claim;
}

export interface BeginPorts extends AttemptPorts {
  /** Reads all that is said of a recording; undefined where it was deleted meanwhile. */
  readonly readObjects: (recordingId: string, known: KnownObjects) => Promise<RecordingObjects | undefined>;
}

/**
 * A recorder begins: it claims its attempt, and who cannot claim it must not record. What may have been said of the
 * recording is read after the claim: whoever says it looks at the claim afterwards, so that one of the two sees the other.
 */
export async function beginAttempt(ports: BeginPorts, task: AttemptTask): Promise<Begun> {
  const { store } = ports;
  const { recordingId, attempt } = task;
  const job = (await store.read(jobKey(recordingId), jobSchema))?.value;
  if (job === undefined) return { kind: 'unknown' };
  const own = await claim(ports, task);
  if (own === undefined) return { kind: 'superseded', job };
  const objects = await ports.readObjects(recordingId, { job, claim: own });
  if (objects === undefined) return { kind: 'unknown' };
  const { outcome, attempts, stop, ending } = objects;
  if (outcome !== undefined) return { kind: 'over', job };
  // Functions before version 0.2 gave up an attempt without its claim.
  if (attempts.get(attempt)?.end !== undefined) return { kind: 'superseded', job };
  return { kind: 'claimed', job, objects, isStopAsked: stop !== undefined, ending: ending?.reason };
}

/**
 * Says that nothing more is recorded, before the parts are finished: a start from now on gets a recording of its own. A
 * stop says so by itself; after what another attempt follows nobody does, nor while another one records already.
 */
export async function beginEnding(
  ports: AttemptPorts,
  { recordingId }: Pick<Job, 'recordingId'>,
  attempt: number,
  reason: Reason,
): Promise<void> {
  if (reason.code === 'superseded' || isFollowed(reason)) return;
  const later = await laterAttempt(ports, { recordingId, attempt }, endOf(attempt));
  if (later !== undefined) return;
  const ending: Ending = { attempt, atMs: ports.clock.nowMs(), reason };
  await ports.store.create(endingKey(recordingId), ending);
}

const endOf = (attempt: number) => ({ by: `attempt ${attempt}`, reason: 'the recording has ended' });

export interface EndPorts extends AttemptPorts {
  /** Publishes the outcome. Must not throw: what was not published is published by whoever mends. */
  readonly announce: (outcome: Outcome) => Promise<void>;
  /** Parts of all attempts of the recording, as they are now. */
  readonly allParts: () => Promise<ReadonlyMap<number, PartObjects>>;
}

/** Says how the attempt ended; and the recording, when no attempt will follow. */
export async function endAttempt(
  ports: EndPorts,
  { recordingId, mediaSessionId }: Pick<Job, 'recordingId' | 'mediaSessionId'>,
  attempt: number,
  reason: Reason,
  told: Pick<End, 'overlapMs'> = {},
): Promise<void> {
  const { store, clock, announce, allParts } = ports;
  // Whoever took over says how it goes on.
  if (reason.code === 'superseded') return;
  const fact: End = { attempt, endedAtMs: clock.nowMs(), by: 'recorder', reason, ...told };
  await store.create(attemptKey(recordingId, attempt, 'end'), fact);
  // Whoever settles it says what follows; of two that record at the same time, the one that ends first says nothing.
  if (isFollowed(reason) || (await isEarlierAlive(store, { recordingId, attempt }))) return;
  const parts = await allParts();
  // What an earlier attempt left may be all that there is: who rescues it says how the recording ended.
  if (hasUndecidedPart(parts)) return;
  if ((await laterAttempt(ports, { recordingId, attempt }, endOf(attempt))) !== undefined) return;
  const outcome = outcomeOf(reason, parts, clock.nowMs());
  await store.create(outcomeKey(recordingId), outcome);
  // Before the lock is free: who finds a held lock with an outcome also finds what was not announced.
  await announce(outcome);
  await releaseLockUnlessWanted(ports, mediaSessionId, recordingId);
}
