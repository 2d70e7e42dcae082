import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { removeObjects } from '../aws/removeObjects.ts';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { isOfFile, type JournaledFile } from '../core/journal/entry.ts';
import { keptForPlaybackMs } from '../core/playback/liveWindow.ts';
import { LIVE_WINDOW_MAX_MS } from '../core/settings/settings.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import {
  controlKey,
  JOURNALS_PREFIX,
  jobKey,
  journalIdOfKey,
  journalPrefix,
  outcomeKey,
} from '../core/state/keys.ts';
import { controlSchema, jobSchema } from '../core/state/objects.ts';
import { readRecording } from '../recordings/read.ts';
import { Journals } from './journals.ts';
import type { Walk } from './walk.ts';

export interface JournalRemovalOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
}

const READ_AT_ONCE = 16;
/** By then nobody watches what was written; and a worker has removed it, or its source takes long to fill an S3 part. */
const LEFT_MS = keptForPlaybackMs(LIVE_WINDOW_MAX_MS) + 15 * 60_000;
/** A worker that carries anything writes more often. */
const WRITES_WITHIN_MS = 10 * 60_000;
/** Of the listing, in one run: the others come in the next ones. */
const PAGES_MAX = 20;

/**
 * Removes what a dead worker left in its journals, as far as nobody needs it any more. What its recordings can be watched
 * by, as they go on elsewhere, is left to the sweep, unread.
 * @returns how many objects
 */
export async function removeSettled(
  options: JournalRemovalOptions,
  journals: Journals,
  nowMs: number,
  log: Logger,
): Promise<number> {
  let removed = 0;
  const shownMs = await shownForMs(options.store, journals.recordingIds);
  for (const id of journals.ids) {
    const listed = await options.store.listEntries(journalPrefix(id));
    const keys = listed.filter(({ modifiedAtMs }) => nowMs - modifiedAtMs >= shownMs).map(({ key }) => key);
    removed += await removeUnneeded(options, journals, keys, log);
  }
  return removed;
}

/** For how long what was written of any of these recordings may be asked for by whoever watches. */
async function shownForMs(store: StateStore, recordingIds: readonly string[]): Promise<number> {
  const shown = await Promise.all(
    recordingIds.map(async (id) => {
      const [job, outcome] = await Promise.all([
        store.read(jobKey(id), jobSchema),
        store.etag(outcomeKey(id)),
      ]);
      const control = outcome === undefined ? undefined : await store.read(controlKey(id), controlSchema);
      const isWatched = outcome === undefined || control?.value.watchedAtMs !== undefined;
      return job === undefined || !isWatched ? 0 : keptForPlaybackMs(job.value.settings.liveWindowMs);
    }),
  );
  return Math.max(0, ...shown);
}

/**
 * The net: journals of workers that write no more, and whose recordings were not all settled when they were found dead.
 * @returns how many objects were removed
 */
export async function sweepJournals(
  options: JournalRemovalOptions,
  walk: Walk,
  nowMs: number,
  log: Logger,
): Promise<number> {
  const { s3, store } = options;
  let removed = 0;
  const sweep = async (entries: readonly ListedObject[]): Promise<void> => {
    const old = entries.filter(({ modifiedAtMs }) => nowMs - modifiedAtMs >= LEFT_MS);
    const ids = new Set(old.flatMap(({ key }) => journalIdOfKey(key) ?? []));
    for (const id of ids) {
      const listed = await store.listEntries(journalPrefix(id));
      if (listed.some(({ modifiedAtMs }) => nowMs - modifiedAtMs < WRITES_WITHIN_MS)) continue;
      const keys = listed.filter(({ modifiedAtMs }) => nowMs - modifiedAtMs >= LEFT_MS).map(({ key }) => key);
      removed += await removeUnneeded(options, new Journals(s3, store, false), keys, log);
    }
  };
  await walk.through('journals', JOURNALS_PREFIX, sweep, PAGES_MAX);
  return removed;
}

/** Of these objects, those that hold nothing but files that are complete, or that nobody completes. */
async function removeUnneeded(
  { s3, store }: JournalRemovalOptions,
  journals: Journals,
  keys: readonly string[],
  log: Logger,
): Promise<number> {
  const recordings = new Map<string, Promise<RecordingObjects | undefined>>();
  const isUnneeded = async (file: JournaledFile): Promise<boolean> => {
    if (journals.isComplete(file)) return true;
    const read = recordings.get(file.recordingId) ?? readRecording(store, file.recordingId);
    recordings.set(file.recordingId, read);
    return isOver(await read, file);
  };
  const unneeded: string[] = [];
  for (let i = 0; i < keys.length; i += READ_AT_ONCE) {
    await Promise.all(
      keys.slice(i, i + READ_AT_ONCE).map(async (key) => {
        const object = await journals.read(key, log);
        if (object === undefined) return;
        const needed = await Promise.all(object.entries.map(async (entry) => !(await isUnneeded(entry))));
        if (!needed.includes(true)) unneeded.push(key);
      }),
    );
  }
  await removeObjects(s3, store.bucket, unneeded);
  return unneeded.length;
}

/** The file is in the library, holds nothing, or was never opened by an attempt that has ended. */
function isOver(objects: RecordingObjects | undefined, file: JournaledFile): boolean {
  if (objects === undefined) return true;
  const { recordingId } = file;
  const part = [...objects.parts.values()].find(
    ({ open }) =>
      open?.file !== undefined && isOfFile({ recordingId, attempt: open.attempt, file: open.file }, file),
  );
  if (part === undefined) return objects.attempts.get(file.attempt)?.end !== undefined;
  return part.moved !== undefined || part.final?.bytes === 0;
}
