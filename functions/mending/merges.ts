import type { MessageQueue } from '../aws/queues.ts';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { mergeAsk, mergeJobSchema } from '../core/rooms/merge.ts';
import { MERGE_MARKERS_PREFIX, mergeIdOfMarker, mergeKey } from '../core/rooms/mergeKeys.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

/** Whoever looks at a merge again writes its marker. */
const OVERDUE_MS = 10 * 60_000;
const AT_ONCE = 8;

/** Asks again for merges that nobody looks at any more: their messages were lost, or those who made them died. */
export async function mendMerges(
  {
    store,
    clock,
    clipsQueue,
  }: { readonly store: StateStore; readonly clock: Clock; readonly clipsQueue: Pick<MessageQueue, 'send'> },
  walk: Walk,
  onFault: (error: unknown, entry: ListedObject) => void,
): Promise<number> {
  let asked = 0;
  await walk.through('merges', MERGE_MARKERS_PREFIX, async (entries) => {
    const overdue = entries.filter(({ modifiedAtMs }) => clock.nowMs() - modifiedAtMs >= OVERDUE_MS);
    const ask = async ({ key }: ListedObject): Promise<void> => {
      const mergeId = mergeIdOfMarker(key);
      if ((await store.read(mergeKey(mergeId, 'job'), mergeJobSchema)) === undefined) {
        // Deleted, or whoever asked for it came no further.
        await store.remove(key);
        return;
      }
      await clipsQueue.send(mergeAsk(mergeId));
      asked += 1;
    };
    await inBatches(overdue, AT_ONCE, ask, onFault);
  });
  return asked;
}
