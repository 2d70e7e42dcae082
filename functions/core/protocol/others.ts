import { attemptKey } from '../state/keys.ts';
import { type Claim, claimSchema, endSchema } from '../state/objects.ts';
import { type AttemptPorts, type AttemptTask, voidClaim } from './claim.ts';
import type { Store } from './ports.ts';

/**
 * Two attempts of one recording are alive while one hands it over to the next. Only one says how the recording ends: the
 * highest that was claimed, once all before it have ended; whoever of them ends last looks after it.
 */

type Attempt = Pick<AttemptTask, 'recordingId' | 'attempt'>;

/** Whether an attempt before this one has not ended. */
export async function isEarlierAlive(store: Store, { recordingId, attempt }: Attempt): Promise<boolean> {
  const earlier = Array.from({ length: attempt - 1 }, (_, i) => i + 1);
  const alive = await Promise.all(earlier.map((one) => isAlive(store, { recordingId, attempt: one })));
  return alive.includes(true);
}

async function isAlive(store: Store, { recordingId, attempt }: Attempt): Promise<boolean> {
  const [claim, end] = await Promise.all([
    store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema),
    store.read(attemptKey(recordingId, attempt, 'end'), endSchema),
  ]);
  return claim !== undefined && claim.value.void === undefined && end === undefined;
}

/**
 * The attempt that has begun after this one; where none has, none can any more. One whose claim somebody else made void
 * says nothing: another may have been asked for in its place.
 * @param why it is this one's end that counts
 */
export async function laterAttempt(
  ports: AttemptPorts,
  { recordingId, attempt }: Attempt,
  why: NonNullable<Claim['void']>,
): Promise<number | undefined> {
  for (let later = attempt + 1; ; later++) {
    const { claim, isNew } = await voidClaim(ports, { recordingId, attempt: later }, why);
    if (claim.void === undefined) return later;
    if (isNew) return undefined;
  }
}
