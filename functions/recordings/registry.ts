import type * as z from 'zod/mini';
import type { StateStore } from '../aws/stateStore.ts';
import {
  ACTIVE_PREFIX,
  jobKey,
  lockKey,
  outcomeKey,
  parseWritingKey,
  partKey,
  recordingPrefix,
  WRITING_PREFIX,
} from '../core/state/keys.ts';
import { activeSchema, lockSchema } from '../core/state/objects.ts';
import { openPartSchema } from '../core/state/partObjects.ts';

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
  const fileNames = await openFiles(store, recordingId);
  return fileNames === undefined ? undefined : { recordingId, mediaSessionId, fileNames };
}

/** All that are active, the oldest first: a LIST for a thousand of them, and few requests for each that writes no file. */
export async function activeRecordings(store: StateStore): Promise<ActiveRecording[]> {
  const [written, markers] = await Promise.all([store.list(WRITING_PREFIX), store.list(ACTIVE_PREFIX)]);
  const files = filesOf(written);
  const active: ActiveRecording[] = [];
  for (let i = 0; i < markers.length; i += READS_AT_ONCE) {
    const found = await Promise.all(
      markers.slice(i, i + READS_AT_ONCE).map((key) => activeOf(store, key, files)),
    );
    active.push(...found.filter((one) => one !== undefined));
  }
  return active;
}

type Files = ReadonlyMap<string, readonly NonNullable<ReturnType<typeof parseWritingKey>>[]>;

/** By recording, in the order of their parts. */
function filesOf(written: readonly string[]): Files {
  const files = new Map<string, NonNullable<ReturnType<typeof parseWritingKey>>[]>();
  for (const key of written) {
    const file = parseWritingKey(key);
    if (file === undefined) continue;
    const known = files.get(file.recordingId);
    if (known === undefined) files.set(file.recordingId, [file]);
    else known.push(file);
  }
  for (const own of files.values()) own.sort((a, b) => a.part - b.part);
  return files;
}

/** @returns undefined where the recording has ended, or there is none */
async function activeOf(
  store: StateStore,
  marker: string,
  files: Files,
): Promise<ActiveRecording | undefined> {
  const recordingId = marker.slice(ACTIVE_PREFIX.length);
  const own = files.get(recordingId);
  // No recorder has come yet, or it has just ended, or its recorder is of a version that does not say so.
  const fileNames = own?.map(({ fileName }) => fileName) ?? (await openFiles(store, recordingId));
  if (fileNames === undefined) return undefined;
  const mediaSessionId =
    own?.[0]?.mediaSessionId ?? (await store.read(marker, activeSchema))?.value.mediaSessionId;
  return mediaSessionId === undefined ? undefined : { recordingId, mediaSessionId, fileNames };
}

/** What its parts say. @returns undefined where the recording has ended, or there is none */
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
