import { setTimeout as delay } from 'node:timers/promises';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import { jobKey, partsPrefix } from '../../functions/core/state/keys.ts';
import { jobSchema } from '../../functions/core/state/objects.ts';
import { openPartSchema } from '../../functions/core/state/partObjects.ts';

export interface HandOver {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly recordingId: string;
  readonly attempt: number;
}

/** ECS kills 120 s after SIGTERM, and the part is still to be finished. */
const WAIT_MS = 80_000;
const LOOK_MS = 500;

/**
 * Waits until another recorder has opened its part of the recording: from then on each frame is in both, and this one may
 * end. A source by HTTP may be a file, which the other one would fetch from its beginning: it is not waited for.
 * @returns for how long both have recorded, in ms; undefined where there is no other one in time
 */
export async function handedOver(
  { store, clock, recordingId, attempt }: HandOver,
  signal: AbortSignal,
): Promise<number | undefined> {
  const job = await store.read(jobKey(recordingId), jobSchema);
  if (job === undefined || /^https?:/i.test(job.value.source.url)) return undefined;
  const untilMs = clock.nowMs() + WAIT_MS;
  const others = new Set<string>();
  while (!signal.aborted && clock.nowMs() < untilMs) {
    const keys = await store.list(partsPrefix(recordingId));
    for (const key of keys.filter((one) => one.endsWith('/open.json') && !others.has(one))) {
      const open = (await store.read(key, openPartSchema))?.value;
      if (open !== undefined && open.attempt > attempt) return Math.max(0, clock.nowMs() - open.startTimeMs);
      others.add(key);
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
