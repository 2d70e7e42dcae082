import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { removeObjects } from '../aws/removeObjects.ts';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { isOfFile, type JournaledFile } from '../core/journal/entry.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { JOURNALS_PREFIX, journalIdOfKey, journalPrefix } from '../core/state/keys.ts';
import { readRecording } from '../recordings/read.ts';
import { Journals } from './journals.ts';
import type { Walk } from './walk.ts';

export interface JournalRemovalOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
}

const READ_AT_ONCE = 16;
/** By then a worker has removed what it wrote, or writes for a source that takes long to fill an S3 part. */
const LEFT_MS = 3_600_000;
/** A worker that carries anything writes more often. */
const WRITES_WITHIN_MS = 10 * 60_000;
/** Of the listing, in one run: the others come in the next ones. */
const PAGES_MAX = 20;

/** Removes what a dead worker left in its journals, as far as nobody needs it any more. @returns how many objects */
export async function removeSettled(
  options: JournalRemovalOptions,
  journals: Journals,
  log: Logger,
): Promise<number> {
  let removed = 0;
  for (const id of journals.ids) {
    const keys = await options.store.list(journalPrefix(id));
    removed += await removeUnneeded(options, journals, keys, log);
  }
  return removed;
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
      const keys = listed.map(({ key }) => key);
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
