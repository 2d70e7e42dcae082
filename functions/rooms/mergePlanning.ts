import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { MERGE_MAX_MS, MERGE_PARTICIPANTS_MAX, type MergeJob } from '../core/rooms/merge.ts';
import { type MergeRange, type PlannedMerge, planMerge } from '../core/rooms/mergePlan.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { invertedTime, recordingIdTimeMs } from '../core/state/ids.ts';
import { recordingIdOfIndexKey, roomKey, roomRecordingsPrefix } from '../core/state/keys.ts';
import { roomSchema } from '../core/state/objects.ts';
import { readRecording } from '../recordings/read.ts';

const READS_AT_ONCE = 8;
/** A recording that was asked for so long before a range is not looked at: nobody stays for a week. */
const LOOKED_BACK_MS = 7 * 24 * 3_600_000;

export const rangeOf = ({ fromMs, toMs }: Pick<MergeJob, 'fromMs' | 'toMs'>): MergeRange => ({
  fromMs: fromMs ?? Number.NEGATIVE_INFINITY,
  toMs: toMs ?? Number.POSITIVE_INFINITY,
});

/**
 * Who was in the room, as far as it is known now.
 * @throws RecorderError room_not_found
 */
export async function planOfRoom(store: StateStore, room: string, range: MergeRange): Promise<PlannedMerge> {
  if ((await store.read(roomKey(room), roomSchema)) === undefined)
    throw new RecorderError('room_not_found', 'No recording was made in this room.', { field: 'room' });
  return planMerge(await recordingsOf(store, room, range), range);
}

/** Those that may have media of a range. */
async function recordingsOf(
  store: StateStore,
  room: string,
  { fromMs, toMs }: MergeRange,
): Promise<readonly RecordingObjects[]> {
  const prefix = roomRecordingsPrefix(room);
  const found: RecordingObjects[] = [];
  // Newest first: what was asked for after the range comes before the key that is begun after.
  let after = Number.isFinite(toMs) ? `${prefix}${invertedTime(toMs)}` : undefined;
  for (;;) {
    const page = await store.listPage(prefix, after === undefined ? {} : { after });
    const ids = page.entries
      .map(({ key }) => recordingIdOfIndexKey(key))
      .filter((id) => recordingIdTimeMs(id) >= fromMs - LOOKED_BACK_MS);
    for (let i = 0; i < ids.length; i += READS_AT_ONCE) {
      const read = await Promise.all(ids.slice(i, i + READS_AT_ONCE).map((id) => readRecording(store, id)));
      found.push(...read.filter((objects) => objects !== undefined));
    }
    after = page.entries.at(-1)?.key;
    if (!page.hasMore || ids.length < page.entries.length || after === undefined) return found;
  }
}

/** Why it cannot be one file; undefined where it can. */
export function refusalOf({ plan }: PlannedMerge): string | undefined {
  if (plan === undefined) return undefined;
  const { participants, durationMs } = plan;
  if (participants.length > MERGE_PARTICIPANTS_MAX)
    return `${participants.length} participants are too many: ${MERGE_PARTICIPANTS_MAX} fit into one file.`;
  if (durationMs > MERGE_MAX_MS)
    return `It would last ${Math.round(durationMs / 3_600_000)} hours, and ${MERGE_MAX_MS / 3_600_000} are the most: give from and to.`;
  return undefined;
}
