import { listedKey } from '../state/keys.ts';
import { listedSchema } from '../state/objects.ts';
import type { Store } from './ports.ts';

const TRIES = 10;

/**
 * Marks a stream as one that is listed, before its session says so: whoever looks for streams that are published reads
 * the markers, and never those that have ended. Each marker is another one: reconcile, which removes it under If-Match
 * once its session has ended, cannot remove one that was made since it looked.
 */
export async function markListed(store: Store, mediaSessionId: string, nowMs: number): Promise<void> {
  const key = listedKey(mediaSessionId);
  const marker = { mediaSessionId, atMs: nowMs };
  for (let tries = 1; tries <= TRIES; tries++) {
    if (await store.create(key, marker)) return;
    const known = await store.read(key, listedSchema);
    if (known === undefined) continue;
    if (await store.replace(key, marker, known.etag)) return;
  }
  throw new Error('the marker was changed by others all the time');
}
