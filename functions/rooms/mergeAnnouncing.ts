import type { EventBus } from '../aws/eventBus.ts';
import { EVENT_TYPES, eventId, type RoomMerged, type RoomMergeFailed } from '../core/events/published.ts';
import { type MergeObjects, mergeLeftOut } from '../core/rooms/merge.ts';
import { MERGE_PART } from '../core/rooms/mergeResult.ts';
import type { RecordingObjects } from '../core/state/fold.ts';

/** Tells everybody that a room is one file now, or cannot become one. At least once, with the same id. */
export async function announceMerge(
  bus: EventBus,
  merge: MergeObjects,
  result: RecordingObjects | undefined,
): Promise<void> {
  const { job, plan, outcome } = merge;
  const { mergeId, room, layout, name, automatic } = job;
  const common = {
    recordingId: mergeId,
    mediaSessionId: mergeId,
    streamName: name ?? room,
    room,
    layout,
    ...(automatic === undefined ? {} : { automatic }),
  };
  const { final, moved } = result?.parts.get(MERGE_PART) ?? {};
  if (outcome?.status === 'failed' && outcome.reason !== undefined) {
    const id = eventId(EVENT_TYPES.roomMergeFailed, mergeId);
    const detail: RoomMergeFailed = { id, ...common, reason: outcome.reason };
    await bus.publish(EVENT_TYPES.roomMergeFailed, { ...detail });
  } else if (outcome?.status === 'available' && final !== undefined && moved !== undefined) {
    const durationMs = Math.round(moved.durationMs ?? final.durationMs);
    const detail: RoomMerged = {
      id: eventId(EVENT_TYPES.roomMerged, mergeId),
      ...common,
      bucket: moved.bucket,
      key: moved.key,
      ...(moved.versionId === undefined ? {} : { versionId: moved.versionId }),
      bytes: moved.bytes,
      ...(moved.crc32 === undefined ? {} : { crc32: moved.crc32 }),
      durationMs,
      startTime: new Date(final.startTimeMs).toISOString(),
      endTime: new Date(final.startTimeMs + durationMs).toISOString(),
      tracks: final.tracks,
      participants: (plan?.participants ?? []).map((participant) => participant.name),
      leftOut: mergeLeftOut(merge),
    };
    await bus.publish(EVENT_TYPES.roomMerged, { ...detail });
  }
}
