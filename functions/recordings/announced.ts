import type { StateStore } from '../aws/stateStore.ts';
import { EVENT_TYPES, eventId } from '../core/events/published.ts';
import { announcedKey, outcomeKey } from '../core/state/keys.ts';
import { outcomeSchema } from '../core/state/objects.ts';

export interface AnnouncedPorts {
  readonly store: Pick<StateStore, 'read' | 'etag'>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const LOOKS = 12;
const LOOK_MS = 250;
/** Whoever has not noted it by then has died. */
const NOTED_WITHIN_MS = 10_000;

/**
 * Waits until it is noted that the end of a recording was announced, for 3 s at most. It is the last that is written of a
 * recording, a moment after its end can be seen: of one that is deleted in that moment the note would stay for ever.
 */
export async function untilAnnounced(
  { store, nowMs, sleep }: AnnouncedPorts,
  recordingId: string,
): Promise<void> {
  const outcome = (await store.read(outcomeKey(recordingId), outcomeSchema))?.value;
  if (outcome === undefined || nowMs() - outcome.atMs > NOTED_WITHIN_MS) return;
  const end = outcome.status === 'finished' ? EVENT_TYPES.recordingFinished : EVENT_TYPES.recordingFailed;
  const note = announcedKey(recordingId, eventId(end, recordingId));
  for (let look = 1; look <= LOOKS && (await store.etag(note)) === undefined; look++) await sleep(LOOK_MS);
}
