import { nudgeHosts } from '../aws/hosts.ts';
import { logger } from '../aws/logger.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { controlKey } from '../core/state/keys.ts';
import { controlSchema } from '../core/state/objects.ts';

/** Told again after so long, while somebody watches. */
export const TOLD_EVERY_MS = 60_000;

/**
 * Tells whoever records that somebody watches: it then keeps for players what they may still ask for when it has ended. A
 * fault is logged: the list is what it is without.
 */
export async function tellWatched(store: StateStore, recordingId: string, nowMs: number): Promise<void> {
  try {
    const key = controlKey(recordingId);
    const known = await store.read(key, controlSchema);
    if (nowMs - (known?.value.watchedAtMs ?? 0) < TOLD_EVERY_MS) return;
    const next = { commands: [], ...known?.value, watchedAtMs: nowMs };
    // Who lost wrote as much, or a command: the next list tells it again.
    const isTold =
      known === undefined ? await store.create(key, next) : await store.replace(key, next, known.etag);
    if (isTold) await nudgeHosts(store, recordingId);
  } catch (error) {
    logger.warn('the recorder was not told that somebody watches', error as Error);
  }
}
