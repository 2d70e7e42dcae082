import type { PartSummary } from '../../functions/core/media/types.ts';
import type { FinalPart, OpenPart, UploadedPart } from '../../functions/core/state/partObjects.ts';
import { bytesOf, crc32OfParts } from '../../functions/core/upload/uploadedParts.ts';

export interface FinishedPart {
  readonly open: OpenPart;
  readonly uploaded: readonly UploadedPart[];
  readonly newFirst: UploadedPart | undefined;
  readonly summary: PartSummary;
  readonly gaps: readonly { readonly atMs: number; readonly durationMs: number }[];
  /** Wall clock of the last frame, by media time. */
  readonly endAtMs: number;
  readonly lastByteAtMs: number;
  readonly finalizedAtMs: number;
}

/** What `final.json` says of a part that its recorder finished. */
export function finalPartOf({ open, uploaded, newFirst, summary, gaps, ...times }: FinishedPart): FinalPart {
  const parts = newFirst === undefined ? uploaded : [newFirst, ...uploaded.slice(1)];
  return {
    part: open.part,
    attempt: open.attempt,
    key: open.key,
    uploadId: open.uploadId,
    format: open.format,
    uploaded: [...uploaded],
    ...(newFirst === undefined ? {} : { newFirst }),
    bytes: bytesOf(parts),
    crc32: crc32OfParts(parts),
    durationMs: summary.durationMs,
    startTimeMs: open.startTimeMs,
    endTimeMs: Math.round(times.endAtMs),
    startTimeMillis: open.openedAtMs,
    endTimeMillis: times.lastByteAtMs,
    tracks: open.tracks,
    videoFrames: summary.videoFrames,
    ...(gaps.length === 0 ? {} : { gaps: [...gaps] }),
    recovered: false,
    finalizedAtMs: times.finalizedAtMs,
  };
}
