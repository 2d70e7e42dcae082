import type * as z from 'zod/mini';
import type { StateStore } from '../aws/stateStore.ts';
import {
  ACTIVE_PREFIX,
  activeKey,
  jobKey,
  lockKey,
  outcomeKey,
  partKey,
  recordingPrefix,
} from '../core/state/keys.ts';
import {
  type Active,
  activeSchema,
  lockSchema,
  openPartSchema,
  outcomeSchema,
} from '../core/state/objects.ts';

/** As many sockets as the SDK opens. */
const READS_AT_ONCE = 50;

/** Reads objects, many at once; what is gone meanwhile is left out. In the order of the keys. */
export async function readAll<T>(
  store: StateStore,
  keys: readonly string[],
  schema: z.ZodMiniType<T>,
): Promise<T[]> {
  const values: T[] = [];
  for (let i = 0; i < keys.length; i += READS_AT_ONCE) {
    const slice = keys.slice(i, i + READS_AT_ONCE);
    const read = await Promise.all(slice.map((key) => store.read(key, schema)));
    values.push(...read.flatMap((object) => (object === undefined ? [] : [object.value])));
  }
  return values;
}

/** A recording that has not ended, with the names of the files that it is writing. */
export interface ActiveRecording {
  readonly recordingId: string;
  readonly mediaSessionId: string;
  readonly fileNames: readonly string[];
}

/** The recording that holds a session. @returns undefined where nothing is recorded */
export async function activeRecording(
  store: StateStore,
  mediaSessionId: string,
): Promise<ActiveRecording | undefined> {
  const lock = await store.read(lockKey(mediaSessionId), lockSchema);
  if (lock === undefined || lock.value.releasedAtMs !== undefined) return undefined;
  const { recordingId } = lock.value;
  const marker = await store.read(activeKey(recordingId), activeSchema);
  return activeOf(store, marker?.value ?? { recordingId, mediaSessionId });
}

/** All that are active, the oldest first: one LIST, and a GET for each of them. */
export async function activeRecordings(store: StateStore): Promise<ActiveRecording[]> {
  const markers = await readAll(store, await store.list(ACTIVE_PREFIX), activeSchema);
  const active: ActiveRecording[] = [];
  for (let i = 0; i < markers.length; i += READS_AT_ONCE) {
    const found = await Promise.all(
      markers.slice(i, i + READS_AT_ONCE).map((marker) => activeOf(store, marker)),
    );
    active.push(...found.filter((one) => one !== undefined));
  }
  return active;
}

/** @returns undefined where the recording has ended, or there is none */
async function activeOf(store: StateStore, marker: Active): Promise<ActiveRecording | undefined> {
  const { recordingId, mediaSessionId, writing } = marker;
  if (writing === undefined) {
    const fileNames = await openFiles(store, recordingId);
    return fileNames === undefined ? undefined : { recordingId, mediaSessionId, fileNames };
  }
  // One that writes nothing may have ended, and its marker be left.
  const hasEnded =
    writing.length === 0 && (await store.read(outcomeKey(recordingId), outcomeSchema)) !== undefined;
  return hasEnded
    ? undefined
    : { recordingId, mediaSessionId, fileNames: writing.map(({ fileName }) => fileName) };
}

/**
 * Of a recording whose recorder has not said yet what it writes, or is of a version that does not.
 * @returns undefined where the recording has ended, or there is none
 */
async function openFiles(store: StateStore, recordingId: string): Promise<string[] | undefined> {
  const keys = new Set(await store.list(recordingPrefix(recordingId)));
  if (!keys.has(jobKey(recordingId)) || keys.has(outcomeKey(recordingId))) return undefined;
  const open = [...keys].flatMap((key) => {
    const part = Number(/\/parts\/(\d+)\/open\.json$/.exec(key)?.[1]);
    return Number.isInteger(part) && !keys.has(partKey(recordingId, part, 'final'))
      ? [partKey(recordingId, part, 'open')]
      : [];
  });
  return (await readAll(store, open, openPartSchema)).map(({ fileName }) => fileName);
}
