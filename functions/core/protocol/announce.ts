import { RecorderError } from '../api/errors.ts';
import { sessionKey } from '../state/keys.ts';
import { type Session, sessionSchema } from '../state/objects.ts';
import type { Store } from './ports.ts';

const TRIES = 10;

/**
 * Writes a stream into the registry under If-Match; an event that is older than the one already there changes nothing.
 * @param change makes the new session of the one that is known; nothing is written where it gives that one back; throws
 * when it may not
 * @throws RecorderError stale_event
 */
export async function announceStream(
  store: Store,
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
    const written =
      known === undefined ? await store.create(key, next) : await store.replace(key, next, known.etag);
    if (written) return next;
    // A write of ours whose answer was lost reads as not written: it is the known one in the next round.
  }
  throw new Error('the stream was announced by others all the time');
}
