import type { MessageQueue } from '../aws/queues.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { settleAsk } from '../core/protocol/asks.ts';
import { carriedSchema } from '../core/state/hostObjects.ts';
import { hostCarriesPrefix } from '../core/state/keys.ts';

export interface GoneHost {
  readonly hostId: string;
  /** In words. */
  readonly reason: string;
  readonly by: string;
  readonly endedAtMs: number;
}

/**
 * Asks for everything that a host carried to be settled. Safe to repeat, and a host that was taken for gone and is not
 * does no harm: whoever is settled is fenced off by its upload. @returns how many attempts it carried
 */
export async function settleGoneHost(
  { store, settleQueue }: { readonly store: StateStore; readonly settleQueue: MessageQueue },
  { hostId, ...how }: GoneHost,
): Promise<number> {
  const keys = await store.list(hostCarriesPrefix(hostId));
  await Promise.all(
    keys.map(async (key) => {
      const carried = await store.read(key, carriedSchema);
      if (carried === undefined) return;
      await settleQueue.send(settleAsk({ ...carried.value, ...how, died: true }));
      await store.remove(key);
    }),
  );
  return keys.length;
}
