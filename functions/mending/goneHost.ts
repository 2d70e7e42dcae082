import type { MessageQueue } from '../aws/queues.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { settleAsk, settleAsks } from '../core/protocol/asks.ts';
import { isUnsuspected } from '../core/protocol/poison.ts';
import type { Launcher } from '../core/protocol/ports.ts';
import { carriedSchema, hostStatusSchema, progressOf } from '../core/state/hostObjects.ts';
import { attemptKey, hostCarriesPrefix, hostStatusKey } from '../core/state/keys.ts';
import { claimSchema } from '../core/state/objects.ts';

export interface GoneHost {
  readonly hostId: string;
  /** In words. */
  readonly reason: string;
  readonly by: string;
  readonly endedAtMs: number;
  /** Nobody saw it end. */
  readonly mayLive?: boolean;
}

export interface GoneHostPorts {
  readonly store: StateStore;
  readonly settleQueue: Pick<MessageQueue, 'send'>;
  /** Asks for the next attempts. */
  readonly tasks: Launcher;
}

/**
 * Asks for everything that a host carried to be settled, what one worker carried together. What cannot have killed the host
 * is asked for here already: the function that settles has to be started first. Safe to repeat, and a host that was taken
 * for gone and is not does no harm: whoever is settled is fenced off by its upload.
 * @returns how many attempts it carried
 */
export async function settleGoneHost(
  { store, settleQueue, tasks }: GoneHostPorts,
  { hostId, ...how }: GoneHost,
): Promise<number> {
  const [keys, status] = await Promise.all([
    store.list(hostCarriesPrefix(hostId)),
    store.read(hostStatusKey(hostId), hostStatusSchema),
  ]);
  const found = await Promise.all(
    keys.map(async (key) => {
      const carried = await store.read(key, carriedSchema);
      if (carried === undefined) return [];
      const { recordingId, attempt, runId } = carried.value;
      const [claim, end] = await Promise.all([
        store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema),
        store.etag(attemptKey(recordingId, attempt, 'end')),
      ]);
      // Not begun: its message comes again; and a host that lives all the same is about to begin.
      if (claim?.value.runId !== runId) return [];
      // Whoever asks from now on asks the attempt, and not its host.
      const progress = progressOf(status?.value, recordingId, attempt);
      if (progress !== undefined)
        await store.overwrite(attemptKey(recordingId, attempt, 'progress'), progress);
      if (end === undefined && isUnsuspected(attempt, how.endedAtMs - claim.value.claimedAtMs))
        await tasks.run(recordingId, attempt + 1);
      return { key, ask: settleAsk({ ...carried.value, ...how, died: true }), journal: claim.value.journal };
    }),
  );
  const byWorker = Map.groupBy(found.flat(), ({ journal }) => journal);
  await Promise.all(
    [...byWorker.values()].map(async (together) => {
      await settleQueue.send(settleAsks(together.map(({ ask }) => ask)));
      await Promise.all(together.map(({ key }) => store.remove(key)));
    }),
  );
  // One that lives all the same tells it again.
  await store.remove(hostStatusKey(hostId));
  return found.flat().length;
}
