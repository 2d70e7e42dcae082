import type { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../aws/stateStore.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { gridPictureOf } from '../core/rooms/layout.ts';
import {
  automaticMergeId,
  type RoomLeft,
  roomLeftKey,
  roomLeftSchema,
  withLeft,
} from '../core/rooms/left.ts';
import type { MergeJob } from '../core/rooms/merge.ts';
import type { RoomSettings } from '../core/settings/rooms.ts';
import type { RecordingSettings } from '../core/settings/settings.ts';
import { recordingIdTimeMs } from '../core/state/ids.ts';
import {
  ACTIVE_PREFIX,
  activeKey,
  outcomeKey,
  recordingIdOfIndexKey,
  roomRecordingsPrefix,
} from '../core/state/keys.ts';
import { outcomeSchema } from '../core/state/objects.ts';
import { readRecording } from '../recordings/read.ts';
import { type MergeAskedBy, type MergeAskPorts, noteMerge } from './mergeAsking.ts';
import type { MergeStep } from './mergeMaking.ts';
import { planOfRoom, rangeOf } from './mergePlanning.ts';

export interface AutomaticMergePorts extends MergeAskPorts {
  readonly clock: Clock;
  /** Of the result: the deployment's. */
  readonly settings: RecordingSettings;
}

/**
 * A recording has ended whose room becomes one file by itself: asks for that when nobody else is there, and nobody has come
 * for as long as its settings say. Whoever left last sees to it, so nobody looks for rooms that are empty.
 * @returns settled, or when to look again
 */
export async function mergeLeftRoom(
  ports: AutomaticMergePorts,
  recordingId: string,
  requestId: string,
  log: Logger,
): Promise<MergeStep> {
  const { store, clock } = ports;
  log.appendKeys({ recordingId });
  const { job, outcome } = (await readRecording(store, recordingId)) ?? {};
  const { room } = job?.stream ?? {};
  const { rooms } = job?.settings ?? {};
  if (job === undefined || outcome === undefined || room === undefined || rooms === undefined)
    return 'settled';
  log.appendKeys({ mediaSessionId: job.mediaSessionId, room });
  const own: RoomLeft = { recordingId, leftAtMs: outcome.atMs, sinceMs: job.requestedAtMs };
  const { value: last, etag } = await noteLeft(store, room, own);
  if (last.recordingId !== recordingId || last.isMerged === true) return 'settled';
  const againMs = last.leftAtMs + rooms.mergeAfterMs - clock.nowMs();
  if (againMs > 0) return { againMs };
  if (await isAnybodyIn(store, room)) {
    log.info('the room is in use again');
    return 'settled';
  }
  const by = { requestId, nowMs: clock.nowMs(), settings: ports.settings };
  const merge = mergeOf(room, rooms, last, by);
  const { plan, pending } = await planOfRoom(store, room, rangeOf(merge));
  if (plan === undefined && pending.length === 0) log.info('nothing of the room was saved');
  else {
    await noteMerge(ports, merge);
    log.info('everybody has left: merge asked', { mergeId: merge.mergeId, layout: merge.layout });
  }
  // Whoever came and left in this moment has noted itself, and has it all made again with its own.
  await store.replace(roomLeftKey(room), { ...last, isMerged: true }, etag);
  return 'settled';
}

/** @returns what is known then */
async function noteLeft(
  store: StateStore,
  room: string,
  own: RoomLeft,
): Promise<{ readonly value: RoomLeft; readonly etag: string }> {
  const key = roomLeftKey(room);
  for (;;) {
    const known = await store.read(key, roomLeftSchema);
    if (known === undefined) await store.create(key, own);
    else {
      const next = withLeft(known.value, own);
      if (next === known.value) return known;
      await store.replace(key, next, known.etag);
    }
  }
}

/** By what goes on, and the room's recordings since the oldest of that began: the cost is that of what is alive. */
async function isAnybodyIn(store: StateStore, room: string): Promise<boolean> {
  const active = await store.list(ACTIVE_PREFIX);
  const [oldest] = active;
  if (oldest === undefined) return false;
  const going = new Set(active);
  const sinceMs = recordingIdTimeMs(oldest.slice(ACTIVE_PREFIX.length));
  const prefix = roomRecordingsPrefix(room);
  for (let after: string | undefined; ; ) {
    // Newest first.
    const page = await store.listPage(prefix, after === undefined ? {} : { after });
    const ids = page.entries.map(({ key }) => recordingIdOfIndexKey(key));
    for (const id of ids.filter((one) => going.has(activeKey(one)))) {
      // A marker may stay for a while after the outcome.
      if ((await store.read(outcomeKey(id), outcomeSchema)) === undefined) return true;
    }
    after = page.entries.at(-1)?.key;
    if (!page.hasMore || ids.some((id) => recordingIdTimeMs(id) < sinceMs)) return false;
  }
}

/** Of what was recorded since the room last became one file, up to when it was found empty. */
function mergeOf(
  room: string,
  rooms: RoomSettings,
  last: RoomLeft,
  { requestId, nowMs, settings }: Pick<MergeAskedBy, 'requestId' | 'nowMs' | 'settings'>,
): MergeJob {
  const picture = gridPictureOf(rooms);
  return {
    mergeId: automaticMergeId(room, last),
    room,
    requestedAtMs: nowMs,
    requestId,
    layout: rooms.layout,
    fromMs: last.sinceMs,
    toMs: last.leftAtMs + rooms.mergeAfterMs,
    running: 'wait',
    ...(picture === undefined ? {} : { picture }),
    automatic: true,
    settings,
  };
}
