import type { StateStore } from '../aws/stateStore.ts';
import { partsPrefix } from '../core/state/keys.ts';
import { openPartSchema } from '../core/state/partObjects.ts';

export interface SuccessorPorts {
  readonly store: Pick<StateStore, 'list' | 'read'>;
  readonly sleep: (ms: number) => Promise<void>;
}

const LOOKS = 20;
const LOOK_MS = 1_000;
/** A write of the journal takes some time. */
const SAVING_MS = 3_000;

/**
 * Waits until a later attempt has opened its part, for 20 s at most, and what had been recorded by then is saved. Completing a
 * file fences off whoever writes it, with what is saved: one that was taken for gone, and lives, has recorded until then, and
 * nothing is missing.
 * @param maxLossMs what is recorded is saved within this time
 */
export async function untilLaterRecords(
  { store, sleep }: SuccessorPorts,
  { recordingId, attempt }: { readonly recordingId: string; readonly attempt: number },
  maxLossMs: number,
): Promise<void> {
  const earlier = new Set<string>();
  for (let look = 1; look <= LOOKS; look++) {
    const keys = await store.list(partsPrefix(recordingId));
    for (const key of keys.filter((one) => one.endsWith('/open.json') && !earlier.has(one))) {
      const open = (await store.read(key, openPartSchema))?.value;
      if (open !== undefined && open.attempt > attempt) return sleep(maxLossMs + SAVING_MS);
      earlier.add(key);
    }
    await sleep(LOOK_MS);
  }
}
