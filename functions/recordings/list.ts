import type { StateStore } from '../aws/stateStore.ts';
import { keyOfToken, pageToken } from '../core/api/pages.ts';
import type { RecordingSummary } from '../core/api/views.ts';
import { invertedTime, isRecordingId, recordingIdTimeMs } from '../core/state/ids.ts';
import { INDEX_PREFIX, recordingIdOfIndexKey, roomRecordingsPrefix } from '../core/state/keys.ts';
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

/**
 * Recordings, newest first, by the index; a filter reads a bounded number for a page.
 * @throws RecorderError invalid_request on `nextToken`
 */
export async function listRecordings(store: StateStore, query: ListQuery): Promise<RecordingPage> {
  const { limit, fromMs = 0, wants } = query;
  const recordings: RecordingSummary[] = [];
  const prefix = query.room === undefined ? INDEX_PREFIX : roomRecordingsPrefix(query.room);
  let after = startOf(query, prefix);
  for (let scanned = 0; scanned < SCANNED_MAX; ) {
    const max = Math.min(limit - recordings.length, READS_AT_ONCE, SCANNED_MAX - scanned);
    const page = await store.listPage(prefix, { ...(after === undefined ? {} : { after }), max });
    const ids = page.entries.map(({ key }) => recordingIdOfIndexKey(key)).filter(isRecordingId);
    const inRange = ids.filter((id) => recordingIdTimeMs(id) >= fromMs);
    const read = await Promise.all(inRange.map((id) => readSummary(store, id)));
    recordings.push(...read.filter((one) => one !== undefined).filter(wants));
    scanned += page.entries.length;
    after = page.entries.at(-1)?.key;
    if (!page.hasMore || after === undefined || inRange.length < ids.length) return { recordings };
    if (recordings.length === limit) break;
  }
  return { recordings, ...(after === undefined ? {} : { nextToken: pageToken(after) }) };
}

function startOf({ nextToken, toMs }: ListQuery, prefix: string): string | undefined {
  if (nextToken !== undefined) return keyOfToken(nextToken, prefix);
  // The index is newest first: what was asked for later than `toMs` sorts before this.
  return toMs === undefined ? undefined : `${prefix}${invertedTime(Math.max(0, toMs))}`;
}
