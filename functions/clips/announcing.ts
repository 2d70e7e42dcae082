import type { EventBus } from '../aws/eventBus.ts';
import type { Clip } from '../core/clips/clip.ts';
import { type ClipAvailable, type ClipFailed, EVENT_TYPES, eventId } from '../core/events/published.ts';
import type { Job } from '../core/state/objects.ts';

/** Tells everybody that a clip is there, or cannot be made. At least once, with the same id. */
export async function announceClip(bus: EventBus, job: Job, clip: Clip): Promise<void> {
  const { recordingId, clipId, record, reason, name } = clip;
  const common = {
    recordingId,
    mediaSessionId: job.mediaSessionId,
    streamName: job.stream.name,
    clipId,
    ...(name === undefined ? {} : { name }),
  };
  if (record !== undefined) {
    const { startTimeMs, madeAtMs: _madeAtMs, etag: _etag, ...shown } = record;
    const durationMs = Math.round(record.durationMs);
    const detail: ClipAvailable = {
      id: eventId(EVENT_TYPES.clipAvailable, recordingId, clipId),
      ...common,
      ...shown,
      durationMs,
      startTime: new Date(startTimeMs).toISOString(),
      endTime: new Date(startTimeMs + durationMs).toISOString(),
    };
    await bus.publish(EVENT_TYPES.clipAvailable, { ...detail });
  } else if (reason !== undefined) {
    const detail: ClipFailed = {
      id: eventId(EVENT_TYPES.clipFailed, recordingId, clipId),
      ...common,
      reason,
    };
    await bus.publish(EVENT_TYPES.clipFailed, { ...detail });
  }
}
