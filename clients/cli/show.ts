import type { Clip, Merge, Part, Recording, RecordingSummary } from '../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../web/format.ts';
import { printable } from './terminalText.ts';

const lineOf = (texts: readonly (string | undefined)[]): string =>
  printable(texts.filter((text) => text !== undefined).join('  '));

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** One line of a list. */
export function summaryLine({
  recordingId,
  status,
  requestedAt,
  parts,
  incompleteParts,
  recoveredParts,
  streamName,
}: RecordingSummary): string {
  return lineOf([
    recordingId,
    status.padEnd(11),
    requestedAt,
    counted(parts, 'part'),
    incompleteParts === undefined ? undefined : `${incompleteParts} incomplete`,
    recoveredParts === undefined ? undefined : `${recoveredParts} recovered`,
    streamName,
  ]);
}

/** How a recording goes: recorded time, size, bitrate, what is not saved yet, what is missing. */
export function progressLine(recording: Recording, nowMs: number): string {
  const { status, progress, partCount, reason, timeline } = recording;
  const missingMs = timeline?.missingMs ?? 0;
  return lineOf([
    status,
    progress === undefined
      ? `asked for ${stretch(nowMs - Date.parse(recording.requestedAt))} ago`
      : duration(
          progress.durationMs + (status === 'recording' ? Math.max(0, nowMs - Date.parse(progress.at)) : 0),
        ),
    progress === undefined ? undefined : byteCount(progress.bytes),
    progress === undefined ? undefined : bitrate(progress.bitrateBps),
    progress === undefined ? undefined : `unsaved ${stretch(progress.tailAgeMs)}`,
    partCount > 1 ? `part ${partCount}` : undefined,
    missingMs > 0 ? `missing ${stretch(missingMs)}` : undefined,
    reason === undefined ? undefined : reason.message,
  ]);
}

/** Where a part is, or why it is nowhere. */
export function partLine({ part, fileName, durationMs, bytes, library, recovered }: Part): string {
  return lineOf([
    `part ${part}`,
    library === undefined ? fileName : `s3://${library.bucket}/${library.key}`,
    durationMs === undefined ? undefined : duration(durationMs),
    bytes === undefined ? undefined : byteCount(bytes),
    recovered === true ? 'recovered' : undefined,
  ]);
}

/** Where a clip is, or how it stands. */
export function clipLine({ clipId, status, reason, durationMs, bytes, library }: Clip): string {
  return lineOf([
    clipId,
    library === undefined ? status : `s3://${library.bucket}/${library.key}`,
    durationMs === undefined ? undefined : duration(durationMs),
    bytes === undefined ? undefined : byteCount(bytes),
    reason?.message,
  ]);
}

/** How a merge stands, or the recording that came of it. */
export function mergeLine({ mergeId, status, progress, recordingId, reason }: Merge): string {
  const goesOn = status === 'processing' || status === 'waiting';
  return lineOf([
    mergeId,
    status,
    goesOn && progress !== undefined ? `${Math.floor(progress.percent)} %` : undefined,
    goesOn && progress?.etaMs !== undefined ? `${stretch(progress.etaMs)} to go` : undefined,
    status === 'available' && recordingId !== undefined ? `recording ${recordingId}` : undefined,
    reason?.message,
  ]);
}

/** What has become of a recording that was removed. @param records whether its files were to go too */
export function removedLine(
  { deletedRecords, deletedClips }: { readonly deletedRecords: number; readonly deletedClips: number },
  { records }: { readonly records: boolean },
): string {
  if (!records) return 'Forgotten; its files stay in the library.';
  const clips = deletedClips === 0 ? '' : ` and ${counted(deletedClips, 'clip')}`;
  return `Forgotten; ${counted(deletedRecords, 'record')}${clips} deleted.`;
}
