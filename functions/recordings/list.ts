import type { StateStore } from '../aws/stateStore.ts';
import { keyOfToken, pageToken } from '../core/api/pages.ts';
import type { RecordingSummary } from '../core/api/views.ts';
import { invertedTime, isRecordingId, recordingIdTimeMs } from '../core/state/ids.ts';
import {
  ACTIVE_PREFIX,
  INDEX_PREFIX,
  indexKey,
  recordingIdOfIndexKey,
  roomRecordingsPrefix,
} from '../core/state/keys.ts';
import { readSummary } from './read.ts';

export interface ListQuery {
  /** At most so many recordings, 1 to 100. */
  readonly limit: number;
  readonly nextToken?: string;
  /** When the recording was asked for, both inclusive; epoch milliseconds. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Of this room alone, by the room's own index. */
  readonly room?: string;
  /** Of those that go on alone, by their markers: however much was recorded since. */
  readonly active?: boolean;
  readonly wants: (summary: RecordingSummary) => boolean;
}

export interface RecordingPage {
  readonly recordings: readonly RecordingSummary[];
  /** Where there may be more. A page may be shorter than asked, even empty, and have one. */
  readonly nextToken?: string;
}

/** Recordings that one page looks at, at most, however few of them are wanted. */
const SCANNED_MAX = 300;
const READS_AT_ONCE = 16;

/** Some keys of an index after one of them. */
type Index = (options: {
  readonly after?: string;
  readonly max: number;
}) => Promise<{ readonly keys: readonly string[]; readonly hasMore: boolean }>;

/**
 * Recordings, newest first, by an index; a filter reads a bounded number for a page.
 * @throws RecorderError invalid_request on `nextToken`
 */
export async function listRecordings(store: StateStore, query: ListQuery): Promise<RecordingPage> {
  const { limit, fromMs = 0, wants } = query;
  const recordings: RecordingSummary[] = [];
  const prefix = query.room === undefined ? INDEX_PREFIX : roomRecordingsPrefix(query.room);
  const index =
    query.active === true && query.room === undefined ? await activeIndex(store) : indexBelow(store, prefix);
  let after = startOf(query, prefix);
  for (let scanned = 0; scanned < SCANNED_MAX; ) {
    const max = Math.min(limit - recordings.length, READS_AT_ONCE, SCANNED_MAX - scanned);
    const page = await index({ ...(after === undefined ? {} : { after }), max });
    const ids = page.keys.map(recordingIdOfIndexKey).filter(isRecordingId);
    const inRange = ids.filter((id) => recordingIdTimeMs(id) >= fromMs);
    const read = await Promise.all(inRange.map((id) => readSummary(store, id)));
    recordings.push(...read.filter((one) => one !== undefined).filter(wants));
    scanned += page.keys.length;
    after = page.keys.at(-1);
    if (!page.hasMore || after === undefined || inRange.length < ids.length) return { recordings };
    if (recordings.length === limit) break;
  }
  return { recordings, ...(after === undefined ? {} : { nextToken: pageToken(after) }) };
}

function indexBelow(store: StateStore, prefix: string): Index {
  return async (options) => {
    const { entries, hasMore } = await store.listPage(prefix, options);
    return { keys: entries.map(({ key }) => key), hasMore };
  };
}

/** The same keys, of recordings that have a marker alone: there are as many as go on, and a thousand are one request. */
async function activeIndex(store: StateStore): Promise<Index> {
  const markers = await store.list(ACTIVE_PREFIX);
  const all = markers
    .map((key) => key.slice(ACTIVE_PREFIX.length))
    .filter(isRecordingId)
    .map(indexKey)
    .sort();
  return async ({ after = '', max }) => {
    const left = all.filter((key) => key > after);
    return { keys: left.slice(0, max), hasMore: left.length > max };
  };
}

function startOf({ nextToken, toMs }: ListQuery, prefix: string): string | undefined {
  if (nextToken !== undefined) return keyOfToken(nextToken, prefix);
  // The index is newest first: what was asked for later than `toMs` sorts before this.
  return toMs === undefined ? undefined : `${prefix}${invertedTime(Math.max(0, toMs))}`;
}
