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

/** Hosts tell at once, and of a silent one by guess: until then it may have the source, or the source's server its connection. */
const STILL_READING_MS = 20_000;

/** Whether an attempt before this one has not ended, or was told to have ended by a host, a moment ago. */
export async function mayEarlierRead(
  { store, clock }: AttemptPorts,
  { recordingId, attempt }: Attempt,
): Promise<boolean> {
  if (await isEarlierAlive(store, { recordingId, attempt })) return true;
  if (attempt === 1) return false;
  const end = (await store.read(attemptKey(recordingId, attempt - 1, 'end'), endSchema))?.value;
  return end?.by.startsWith('host ') === true && clock.nowMs() - end.endedAtMs < STILL_READING_MS;
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
