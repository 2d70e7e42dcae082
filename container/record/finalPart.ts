import type { PartSummary } from '../../functions/core/media/types.ts';
import { partKey } from '../../functions/core/state/keys.ts';
import {
  type FinalPart,
  finalPartSchema,
  type OpenPart,
  type UploadedPart,
} from '../../functions/core/state/partObjects.ts';
import { bytesOf, crc32OfParts } from '../../functions/core/upload/uploadedParts.ts';
import type { AttemptContext } from '../attempt/context.ts';
import { SupersededError } from '../attempt/faults.ts';

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

/**
 * Says how the part ends, before it does.
 * @returns what is said of it
 * @throws SupersededError somebody else said something else
 */
export async function writeFinal(
  { store, job }: Pick<AttemptContext, 'store' | 'job'>,
  final: FinalPart,
  retrying: <T>(run: () => Promise<T>) => Promise<T>,
): Promise<FinalPart> {
  const key = partKey(job.recordingId, final.part, 'final');
  if (await retrying(() => store.create(key, final))) return final;
  const known = await retrying(() => store.read(key, finalPartSchema));
  if (known?.value.crc32 !== final.crc32 || known.value.recovered) {
    throw new SupersededError(`part ${final.part} was finished by somebody else`);
  }
  return known.value;
}
