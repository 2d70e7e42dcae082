import { RecorderError } from '../api/errors.ts';
import { isGone } from '../state/kept.ts';
import { sessionKey } from '../state/keys.ts';
import { type Session, sessionSchema } from '../state/objects.ts';
import { markListed } from './listed.ts';
import type { Clock, Store } from './ports.ts';

const TRIES = 10;

/**
 * The session with the time since when it is published. It tells one publication of a stream from another one: they
 * follow each other whatever the clocks of the functions say, and the last one is remembered after its end.
 */
export function withPublication(next: Session, known: Session | undefined, nowMs: number): Session {
  const { publishedAtMs: _given, ...session } = next;
  const last = known?.publishedAtMs;
  const goesOn = known?.status === 'PUBLISHING' && known.sessionId === next.sessionId;
  if (next.status === 'PUBLISHING' && !goesOn) {
    return { ...session, publishedAtMs: Math.max(nowMs, (last ?? 0) + 1) };
  }
  return last === undefined ? session : { ...session, publishedAtMs: last };
}

/**
 * Writes a stream into the registry under If-Match; an event that is older than the one already there changes nothing. A
 * stream that appears is marked before, so that it is found among many that have ended.
 * @param change makes the new session of the one that is known; nothing is written where it gives that one back; throws
 * when it may not
 * @throws RecorderError stale_event
 */
export async function announceStream(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  mediaSessionId: string,
  change: (known: Session | undefined) => Session,
): Promise<Session> {
  const key = sessionKey(mediaSessionId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const known = await store.read(key, sessionSchema);
    const next = change(known?.value);
    if (next === known?.value) return next;
    if (known !== undefined && next.eventAtMs < known.value.eventAtMs) {
      throw new RecorderError('stale_event', 'A newer event of this stream is known already.', {
        field: 'eventAtMs',
      });
    }
    if (!isGone(next) && (known === undefined || isGone(known.value)))
      await markListed(store, mediaSessionId, clock.nowMs());
    const written =
      known === undefined ? await store.create(key, next) : await store.replace(key, next, known.etag);
    if (written) return next;
    // A write of ours whose answer was lost reads as not written: it is the known one in the next round.
  }
  throw new Error('the stream was announced by others all the time');
}
