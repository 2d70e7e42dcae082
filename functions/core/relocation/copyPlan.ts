import * as z from 'zod/mini';
import { recordingPrefix } from '../state/keys.ts';
import { S3_PARTS_MAX } from '../upload/s3Limits.ts';

const MIB = 1024 * 1024;

const bytes = z.int().check(z.nonnegative());

/**
 * `parts/<p>/copy.json`: a multipart copy under way, so that whoever comes next goes on with it. S3 parts are ranges of
 * the landing object; in front of them may be one that was uploaded, with a new head. Relocate writes it, under If-Match.
 */
export const copyPlanSchema = z.object({
  part: z.int().check(z.positive()),
  /** In the library. */
  key: z.string(),
  uploadId: z.string(),
  /** S3 part 1, if it is not a range: its size and CRC32. */
  first: z.exactOptional(z.object({ bytes, crc32: z.string() })),
  /** The landing object's bytes that are copied: from, and up to (not with) the end. */
  fromByte: bytes,
  endByte: bytes,
  partBytes: z.int().check(z.positive()),
  /** Of the whole new object. */
  bytes,
  crc32: z.string(),
  /** What reading the record has shown, where it got a new head. */
  measured: z.exactOptional(z.object({ durationMs: z.number(), videoFrames: z.number() })),
  /** Why it did not, though it should have. */
  notIndexed: z.exactOptional(z.string()),
});
export type CopyPlan = z.infer<typeof copyPlanSchema>;

export const copyPlanKey = (recordingId: string, part: number): string =>
  `${recordingPrefix(recordingId)}parts/${part}/copy.json`;

export interface CopyRange {
  readonly partNumber: number;
  readonly fromByte: number;
  /** Up to, not with. */
  readonly endByte: number;
}

/** The size of ranges that S3's 10,000 parts suffice for; whole MiB. */
export function copyPartBytes(totalBytes: number, wantedBytes: number): number {
  const least = Math.ceil(totalBytes / (S3_PARTS_MAX - 1));
  return least <= wantedBytes ? wantedBytes : Math.ceil(least / MIB) * MIB;
}

export function copyRanges(
  plan: Pick<CopyPlan, 'first' | 'fromByte' | 'endByte' | 'partBytes'>,
): CopyRange[] {
  const ranges: CopyRange[] = [];
  let partNumber = plan.first === undefined ? 1 : 2;
  for (let fromByte = plan.fromByte; fromByte < plan.endByte; fromByte += plan.partBytes, partNumber++) {
    ranges.push({ partNumber, fromByte, endByte: Math.min(plan.endByte, fromByte + plan.partBytes) });
  }
  return ranges;
}
