import type { Lock, Reservation, Session } from './objects.ts';

/** Late events, stops and repeated requests come within minutes; a day is on the safe side. */
const KEPT_MS = 24 * 3_600_000;

/** Streams that a media server would no longer list. */
const GONE: ReadonlySet<Session['status']> = new Set(['UNPUBLISHED', 'STOPPED', 'FAILED']);
export const isGone = ({ status }: Pick<Session, 'status'>): boolean => GONE.has(status);

/** Whether something that was last written then may go, if nobody needs it. Younger ones need not be looked at. */
export const isOld = (modifiedAtMs: number, nowMs: number): boolean => nowMs - modifiedAtMs >= KEPT_MS;

/** A stream that ended, and that nothing records. @param lock of its session */
export function isSessionDone(session: Session, lock: Lock | undefined): boolean {
  return isGone(session) && (lock === undefined || isFree(lock));
}

/**
 * A lock that nothing holds, of a stream that ended: while that goes on, the lock says that it had its recording.
 * @param session that it is of
 */
export function isLockDone(lock: Lock, session: Session | undefined): boolean {
  return isFree(lock) && (session === undefined || isGone(session));
}

/** Nothing holds it, nothing that held it is still to be mended, and nothing is to be started under it. */
function isFree({ releasedAtMs, earlier = [], wanted }: Lock): boolean {
  return releasedAtMs !== undefined && earlier.length === 0 && wanted === undefined;
}

/** Started, cancelled, or past its time. */
export function isReservationDone({ settledAtMs, expiresAtMs }: Reservation, nowMs: number): boolean {
  return settledAtMs !== undefined || expiresAtMs < nowMs;
}
