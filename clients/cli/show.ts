import type { Clip, Merge, Part, Recording, RecordingSummary } from '../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../web/format.ts';

/** One line of a list. */
export function summaryLine({
  recordingId,
  status,
  requestedAt,
  parts,
  streamName,
}: RecordingSummary): string {
  return [
    recordingId,
    status.padEnd(11),
    requestedAt,
    `${parts} part${parts === 1 ? '' : 's'}`,
    streamName,
  ].join('  ');
}

/** How a recording goes: recorded time, size, bitrate, what is not saved yet, what is missing. */
export function progressLine(recording: Recording, nowMs: number): string {
  const { status, progress, parts, reason } = recording;
  const missingMs = parts.reduce(
    (sum, part) =>
      sum + (part.gapBeforeMs ?? 0) + (part.gaps ?? []).reduce((all, gap) => all + gap.durationMs, 0),
    0,
  );
  return [
    status,
    progress === undefined
      ? `asked for ${stretch(nowMs - Date.parse(recording.requestedAt))} ago`
      : duration(
          progress.durationMs + (status === 'recording' ? Math.max(0, nowMs - Date.parse(progress.at)) : 0),
        ),
    progress === undefined ? undefined : byteCount(progress.bytes),
    progress === undefined ? undefined : bitrate(progress.bitrateBps),
    progress === undefined ? undefined : `unsaved ${stretch(progress.tailAgeMs)}`,
    parts.length > 1 ? `part ${parts.length}` : undefined,
    missingMs > 0 ? `missing ${stretch(missingMs)}` : undefined,
    reason === undefined ? undefined : reason.message,
  ]
    .filter((text) => text !== undefined)
    .join('  ');
}

/** Where a part is, or why it is nowhere. */
export function partLine({ part, fileName, durationMs, bytes, library, recovered }: Part): string {
  return [
    `part ${part}`,
    library === undefined ? fileName : `s3://${library.bucket}/${library.key}`,
    durationMs === undefined ? undefined : duration(durationMs),
    bytes === undefined ? undefined : byteCount(bytes),
    recovered === true ? 'recovered' : undefined,
  ]
    .filter((text) => text !== undefined)
    .join('  ');
}

/** Where a clip is, or how it stands. */
export function clipLine({ clipId, status, reason, durationMs, bytes, library }: Clip): string {
  return [
    clipId,
    library === undefined ? status : `s3://${library.bucket}/${library.key}`,
    durationMs === undefined ? undefined : duration(durationMs),
    bytes === undefined ? undefined : byteCount(bytes),
    reason?.message,
  ]
    .filter((text) => text !== undefined)
    .join('  ');
}

/** How a merge stands, or the recording that came of it. */
export function mergeLine({ mergeId, status, progress, recordingId, reason }: Merge): string {
  const goesOn = status === 'processing' || status === 'waiting';
  return [
    mergeId,
    status,
    goesOn && progress !== undefined ? `${Math.floor(progress.percent)} %` : undefined,
    goesOn && progress?.etaMs !== undefined ? `${stretch(progress.etaMs)} to go` : undefined,
    status === 'available' && recordingId !== undefined ? `recording ${recordingId}` : undefined,
    reason?.message,
  ]
    .filter((text) => text !== undefined)
    .join('  ');
}
