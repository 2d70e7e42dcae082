import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { isLockDone, isOld, isReservationDone, isSessionDone } from '../core/state/kept.ts';
import {
  IDEMPOTENCY_PREFIX,
  LOCKS_PREFIX,
  lockKey,
  RESERVATIONS_PREFIX,
  SESSIONS_PREFIX,
} from '../core/state/keys.ts';
import { lockSchema, reservationSchema, sessionSchema } from '../core/state/objects.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

/** Of each kind in one run: the others come in the next ones. */
const PAGES_MAX = 20;
const AT_ONCE = 32;

/** Of an Idempotency-Key. */
const isAnswer = ({ key }: ListedObject): boolean => key.endsWith('/answer.json');

type IsDone = (entry: ListedObject) => Promise<{ readonly etag: string } | undefined>;

/**
 * Removes sessions, locks, reservations and idempotency keys that nobody needs any more: what was last written a day
 * ago is looked at, and deleted under If-Match, so that whoever writes it at the same moment wins.
 * @param onFault told of one that could not be looked at or removed
 * @returns how many are gone
 */
export async function sweepState(
  store: StateStore,
  walk: Walk,
  nowMs: number,
  onFault: (error: unknown, entry: ListedObject) => void,
): Promise<number> {
  let removed = 0;
  const sweep = (prefix: string, isDone: IsDone): Promise<boolean> =>
    walk.through(
      prefix,
      prefix,
      async (entries) => {
        const old = entries.filter(({ modifiedAtMs }) => isOld(modifiedAtMs, nowMs));
        const remove = async (entry: ListedObject): Promise<void> => {
          const done = await isDone(entry);
          if (done !== undefined && (await store.remove(entry.key, done.etag))) removed += 1;
        };
        // An answer goes before what it is the answer to: alone it would be somebody else's.
        await inBatches(old.filter(isAnswer), AT_ONCE, remove, onFault);
        await inBatches(
          old.filter((entry) => !isAnswer(entry)),
          AT_ONCE,
          remove,
          onFault,
        );
      },
      PAGES_MAX,
    );
  await sweep(SESSIONS_PREFIX, async ({ key }) => {
    const session = await store.read(key, sessionSchema);
    if (session === undefined) return undefined;
    const lock = await store.read(lockKey(session.value.mediaSessionId), lockSchema);
    return isSessionDone(session.value, lock?.value) ? session : undefined;
  });
  await sweep(LOCKS_PREFIX, async ({ key }) => {
    const lock = await store.read(key, lockSchema);
    if (lock === undefined) return undefined;
    // Both are named after the session.
    const session = await store.read(`${SESSIONS_PREFIX}${key.slice(LOCKS_PREFIX.length)}`, sessionSchema);
    return isLockDone(lock.value, session?.value) ? lock : undefined;
  });
  await sweep(RESERVATIONS_PREFIX, async ({ key }) => {
    const reservation = await store.read(key, reservationSchema);
    return reservation !== undefined && isReservationDone(reservation.value, nowMs) ? reservation : undefined;
  });
  await sweep(IDEMPOTENCY_PREFIX, async (entry) => entry);
  return removed;
}
