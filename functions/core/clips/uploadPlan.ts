import { S3_PART_MIN_BYTES, S3_PARTS_MAX } from '../upload/s3Limits.ts';

/** Bytes of an object, from one up to (not with) another. */
export interface SourceRange<Source> {
  readonly source: Source;
  readonly fromByte: number;
  readonly endByte: number;
}

/** How one S3 part of a new object is made: of a range that S3 copies, or of bytes that are read and uploaded. */
export type PlannedPart<Source, Copied extends Source> =
  | { readonly kind: 'copy'; readonly partNumber: number; readonly range: SourceRange<Copied> }
  | {
      readonly kind: 'upload';
      readonly partNumber: number;
      /** The new head comes first. */
      readonly withHead: boolean;
      readonly ranges: readonly SourceRange<Source>[];
    };

const MIB = 1024 * 1024;
/** S3 copies so much within seconds, and many of them at once. */
const COPY_BYTES = 256 * MIB;

/**
 * The S3 parts of an object that is a head and then these ranges. S3 wants 5 MiB of each part but the last, and copies
 * ranges of sources above 5 MB alone: what is smaller is read, together with its neighbours.
 * @param canCopy whether S3 has a source as an object
 */
export function planUpload<Source, Copied extends Source>(
  headBytes: number,
  ranges: readonly SourceRange<Source>[],
  canCopy: (source: Source) => source is Copied,
): readonly PlannedPart<Source, Copied>[] {
  const totalBytes = ranges.reduce((sum, { fromByte, endByte }) => sum + endByte - fromByte, headBytes);
  const copyBytes = Math.max(COPY_BYTES, Math.ceil((4 * totalBytes) / S3_PARTS_MAX / MIB) * MIB);
  const parts: PlannedPart<Source, Copied>[] = [];
  let waiting: SourceRange<Source>[] = [];
  let waitingBytes = headBytes;
  let withHead = headBytes > 0;
  const flush = (): void => {
    if (waitingBytes === 0) return;
    parts.push({ kind: 'upload', partNumber: parts.length + 1, withHead, ranges: waiting });
    waiting = [];
    waitingBytes = 0;
    withHead = false;
  };
  const wait = (range: SourceRange<Source>): void => {
    if (range.endByte <= range.fromByte) return;
    waiting.push(range);
    waitingBytes += range.endByte - range.fromByte;
    if (waitingBytes >= S3_PART_MIN_BYTES) flush();
  };
  for (const { source, fromByte, endByte } of ranges) {
    if (!canCopy(source)) {
      for (const range of pieces({ source, fromByte, endByte }, S3_PART_MIN_BYTES)) wait(range);
      continue;
    }
    const missing = waitingBytes === 0 ? 0 : Math.max(0, S3_PART_MIN_BYTES - waitingBytes);
    const copyFrom = Math.min(endByte, fromByte + missing);
    if (endByte - copyFrom < S3_PART_MIN_BYTES) {
      wait({ source, fromByte, endByte });
      continue;
    }
    wait({ source, fromByte, endByte: copyFrom });
    flush();
    for (const range of pieces({ source, fromByte: copyFrom, endByte }, copyBytes))
      parts.push({ kind: 'copy', partNumber: parts.length + 1, range });
  }
  flush();
  return parts;
}

/** Of about the same size. */
function pieces<Source>(
  { source, fromByte, endByte }: SourceRange<Source>,
  wantedBytes: number,
): SourceRange<Source>[] {
  const count = Math.ceil((endByte - fromByte) / wantedBytes);
  const size = Math.ceil((endByte - fromByte) / count);
  return Array.from({ length: count }, (_, place) => ({
    source,
    fromByte: fromByte + place * size,
    endByte: Math.min(endByte, fromByte + (place + 1) * size),
  }));
}
