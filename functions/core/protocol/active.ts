import { activeKey, lockKey, outcomeKey } from '../state/keys.ts';
import {
  type Active,
  activeSchema,
  type Job,
  lockSchema,
  type OpenPart,
  outcomeSchema,
} from '../state/objects.ts';
import type { RemovingStore, Store } from './ports.ts';

type Recording = Pick<Job, 'recordingId' | 'mediaSessionId'>;

const TRIES = 10;

/**
 * Marks a recording as one that goes on, before anybody can find it otherwise: whoever looks for what is alive reads the
 * markers, and never what has ended.
 */
export async function markActive(store: Store, { recordingId, mediaSessionId }: Recording): Promise<void> {
  await store.create(activeKey(recordingId), { recordingId, mediaSessionId } satisfies Active);
}

/** The marker says which file is being written; its recorder calls it once it has opened the part. */
export function markWriting(
  store: Store,
  recordingId: string,
  { part, fileName }: Pick<OpenPart, 'part' | 'fileName'>,
): Promise<void> {
  return changeActive(store, recordingId, (marker) => {
    const others = (marker.writing ?? []).filter((one) => one.part !== part);
    return { ...marker, writing: [...others, { part, fileName }].sort((a, b) => a.part - b.part) };
  });
}

/** Nobody writes these parts any more: they are finished, or whoever wrote them is gone. */
export function unmarkWriting(store: Store, recordingId: string, parts: ReadonlySet<number>): Promise<void> {
  return changeActive(store, recordingId, (marker) => {
    const left = marker.writing?.filter(({ part }) => !parts.has(part));
    return left === undefined || left.length === marker.writing?.length
      ? marker
      : { ...marker, writing: left };
  });
}

/** A marker that is gone stays gone. @param change gives the known one back where nothing is to be written */
async function changeActive(
  store: Store,
  recordingId: string,
  change: (marker: Active) => Active,
): Promise<void> {
  const key = activeKey(recordingId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const known = await store.read(key, activeSchema);
    if (known === undefined) return;
    const next = change(known.value);
    if (next === known.value || (await store.replace(key, next, known.etag))) return;
  }
  throw new Error('the marker was changed by others all the time');
}

/**
 * Removes the marker of a recording that has ended and leaves nothing to mend: one that still holds its session's lock
 * is left to reconcile.
 * @returns whether the marker is gone
 */
export async function forgetActive(
  store: RemovingStore,
  { recordingId, mediaSessionId }: Recording,
): Promise<boolean> {
  const [outcome, lock] = await Promise.all([
    store.read(outcomeKey(recordingId), outcomeSchema),
    store.read(lockKey(mediaSessionId), lockSchema),
  ]);
  if (outcome === undefined) return false;
  if (lock?.value.recordingId === recordingId && lock.value.releasedAtMs === undefined) return false;
  await store.remove(activeKey(recordingId));
  return true;
}
