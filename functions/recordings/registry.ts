import type * as z from 'zod/mini';
import type { StateStore } from '../aws/stateStore.ts';
import {
  ACTIVE_PREFIX,
  jobKey,
  lockKey,
  outcomeKey,
  partKey,
  recordingPrefix,
  SESSIONS_PREFIX,
} from '../core/state/keys.ts';
import {
  activeSchema,
  lockSchema,
  type OpenPart,
  openPartSchema,
  type Session,
  sessionSchema,
} from '../core/state/objects.ts';

const READS_AT_ONCE = 32;
/** What one answer reads at most: the objects that changed last. */
const OBJECTS_MAX = 1_000;

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

/** The streams that changed last, newest first, at most 1,000. */
export async function latestSessions(store: StateStore): Promise<Session[]> {
  return readAll(store, await latestKeys(store, SESSIONS_PREFIX), sessionSchema);
}

async function latestKeys(store: StateStore, prefix: string): Promise<string[]> {
  const entries = await store.listEntries(prefix);
  entries.sort((a, b) => b.modifiedAtMs - a.modifiedAtMs);
  return entries.slice(0, OBJECTS_MAX).map(({ key }) => key);
}

/** The recording that holds a session and has not ended, with the parts that it is writing. */
export interface ActiveRecording {
  readonly recordingId: string;
  readonly mediaSessionId: string;
  readonly openParts: readonly OpenPart[];
}

/** @returns undefined where nothing is recorded */
export async function activeRecording(
  store: StateStore,
  mediaSessionId: string,
): Promise<ActiveRecording | undefined> {
  const lock = await store.read(lockKey(mediaSessionId), lockSchema);
  if (lock === undefined || lock.value.releasedAtMs !== undefined) return undefined;
  const { recordingId } = lock.value;
  const openParts = await openPartsOf(store, recordingId);
  return openParts === undefined ? undefined : { recordingId, mediaSessionId, openParts };
}

/** All that are active, the oldest first. */
export async function activeRecordings(store: StateStore): Promise<ActiveRecording[]> {
  const keys = await store.list(ACTIVE_PREFIX);
  const active: ActiveRecording[] = [];
  for (let i = 0; i < keys.length; i += READS_AT_ONCE) {
    const found = await Promise.all(keys.slice(i, i + READS_AT_ONCE).map((key) => activeOf(store, key)));
    active.push(...found.flatMap((one) => (one === undefined ? [] : [one])));
  }
  return active;
}

async function activeOf(store: StateStore, key: string): Promise<ActiveRecording | undefined> {
  const [marker, openParts] = await Promise.all([
    store.read(key, activeSchema),
    openPartsOf(store, key.slice(ACTIVE_PREFIX.length)),
  ]);
  return marker === undefined || openParts === undefined ? undefined : { ...marker.value, openParts };
}

/** @returns undefined where the recording has ended, or there is none */
async function openPartsOf(store: StateStore, recordingId: string): Promise<OpenPart[] | undefined> {
  const keys = new Set(await store.list(recordingPrefix(recordingId)));
  if (!keys.has(jobKey(recordingId)) || keys.has(outcomeKey(recordingId))) return undefined;
  const open = [...keys].flatMap((key) => {
    const part = Number(/\/parts\/(\d+)\/open\.json$/.exec(key)?.[1]);
    return Number.isInteger(part) && !keys.has(partKey(recordingId, part, 'final'))
      ? [partKey(recordingId, part, 'open')]
      : [];
  });
  return readAll(store, open, openPartSchema);
}
