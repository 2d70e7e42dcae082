import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { keyOfToken, pageToken } from '../core/api/pages.ts';
import { isWithin, type RoomRecording } from '../core/rooms/timeline.ts';
import { recordingIdTimeMs } from '../core/state/ids.ts';
import {
  ROOM_NAMES_PREFIX,
  recordingIdOfIndexKey,
  roomKey,
  roomRecordingsPrefix,
} from '../core/state/keys.ts';
import { roomSchema } from '../core/state/objects.ts';
import { type LinkTo, linkParts } from '../recordings/links.ts';
import { readRecording } from '../recordings/read.ts';
import { readAll } from '../recordings/registry.ts';

const READS_AT_ONCE = 8;

export interface ListedRoom {
  readonly room: string;
  /** When its latest recording was asked for, epoch milliseconds. */
  readonly latestAtMs: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/**
 * Rooms that have recordings, by name.
 * @throws RecorderError invalid_request on `nextToken`
 */
export async function listRooms(
  store: StateStore,
  { limit, nextToken }: { readonly limit: number; readonly nextToken?: string },
): Promise<Page<ListedRoom>> {
  const after = nextToken === undefined ? undefined : keyOfToken(nextToken, ROOM_NAMES_PREFIX);
  const page = await store.listPage(ROOM_NAMES_PREFIX, {
    ...(after === undefined ? {} : { after }),
    max: limit,
  });
  const keys = page.entries.map(({ key }) => key);
  const rooms = await readAll(store, keys, roomSchema);
  const listed = await Promise.all(
    rooms.map(async ({ room }) => {
      // Newest first.
      const { entries } = await store.listPage(roomRecordingsPrefix(room), { max: 1 });
      const [latest] = entries;
      return latest === undefined
        ? []
        : [{ room, latestAtMs: recordingIdTimeMs(recordingIdOfIndexKey(latest.key)) }];
    }),
  );
  return { items: listed.flat(), ...next(keys.at(-1), page.hasMore) };
}

export interface RoomQuery {
  readonly room: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly nextToken?: string;
}

/**
 * Recordings of a room that have media between two times, newest first.
 * @throws RecorderError room_not_found; invalid_request on `nextToken`
 */
export async function roomRecordings(
  store: StateStore,
  linkTo: LinkTo,
  { room, fromMs, toMs, limit, nextToken }: RoomQuery,
): Promise<Page<RoomRecording>> {
  if ((await store.read(roomKey(room), roomSchema)) === undefined) {
    throw new RecorderError('room_not_found', 'No recording was made in this room.', { field: 'room' });
  }
  const prefix = roomRecordingsPrefix(room);
  const after = nextToken === undefined ? undefined : keyOfToken(nextToken, prefix);
  const page = await store.listPage(prefix, { ...(after === undefined ? {} : { after }), max: limit });
  const keys = page.entries.map(({ key }) => key);
  const items: RoomRecording[] = [];
  for (let i = 0; i < keys.length; i += READS_AT_ONCE) {
    const ids = keys.slice(i, i + READS_AT_ONCE).map(recordingIdOfIndexKey);
    const read = await Promise.all(ids.map((id) => readRecording(store, id)));
    const shown = read.filter((objects) => objects !== undefined && isWithin(objects, fromMs, toMs));
    for (const objects of shown) {
      if (objects !== undefined) items.push({ objects, links: linkParts(linkTo, objects) });
    }
  }
  return { items, ...next(keys.at(-1), page.hasMore) };
}

function next(lastKey: string | undefined, hasMore: boolean): { readonly nextToken?: string } {
  return hasMore && lastKey !== undefined ? { nextToken: pageToken(lastKey) } : {};
}
