import type { Clip } from '../clips/clip.ts';
import { isoTime, type RecordLinks } from './views.ts';

/** A clip as the API shows it. */
export function clipView(clip: Clip, links: RecordLinks | undefined): Record<string, unknown> {
  const { clipId, recordingId, kind, requestedAtMs, fromMs, toMs, name, status, record } = clip;
  const reason = clip.reason ?? clip.refused;
  const endTimeMs = record === undefined ? undefined : record.startTimeMs + Math.round(record.durationMs);
  return {
    clipId,
    recordingId,
    kind,
    status,
    reason: reason && { code: reason.code, message: reason.message },
    requestedAt: isoTime(requestedAtMs),
    fromMs,
    toMs,
    name,
    startTime: isoTime(record?.startTimeMs),
    endTime: isoTime(endTimeMs),
    durationMs: record === undefined ? undefined : Math.round(record.durationMs),
    bytes: record?.bytes,
    tracks: record?.tracks,
    parts: record?.parts,
    library:
      record === undefined
        ? undefined
        : { bucket: record.bucket, key: record.key, versionId: record.versionId },
    download: links?.download,
    play: links?.play,
  };
}
