import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type PlannedPart,
  planUpload,
  type SourceRange,
} from '../../../../functions/core/clips/uploadPlan.ts';
import { S3_PART_MIN_BYTES, S3_PARTS_MAX } from '../../../../functions/core/upload/s3Limits.ts';

const MIB = 1024 * 1024;
const READ_MAX_BYTES = 512 * MIB;

const bytesOf = ({ fromByte, endByte }: SourceRange<number>): number => endByte - fromByte;
const rangesOf = (part: PlannedPart<number, number>): readonly SourceRange<number>[] =>
  part.kind === 'copy' ? [part.range] : part.ranges;
const sizeOf = (part: PlannedPart<number, number>, headBytes: number): number =>
  rangesOf(part).reduce((sum, range) => sum + bytesOf(range), 0) +
  (part.kind === 'upload' && part.withHead ? headBytes : 0);

/** Ranges that lie together are one. */
function joined(ranges: readonly SourceRange<number>[]): SourceRange<number>[] {
  const found: SourceRange<number>[] = [];
  for (const range of ranges.filter((one) => bytesOf(one) > 0)) {
    const before = found.at(-1);
    if (before?.source === range.source && before.endByte === range.fromByte)
      found[found.length - 1] = { ...before, endByte: range.endByte };
    else found.push(range);
  }
  return found;
}

const length = fc.oneof(
  fc.integer({ min: 1, max: 64 }),
  fc.integer({ min: S3_PART_MIN_BYTES - 2, max: S3_PART_MIN_BYTES + 2 }),
  fc.integer({ min: 1, max: 12 * MIB }),
  fc.integer({ min: 1, max: 40_000 * MIB }),
);
const ranges = fc
  .array(fc.tuple(fc.nat(1_000), length), { minLength: 1, maxLength: 40 })
  .map((found) =>
    found.map(([fromByte, bytes], source) => ({ source, fromByte, endByte: fromByte + bytes })),
  );

it('has every byte once and in order, in S3 parts that S3 takes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.constant(1_000), length), ranges, (headBytes, wanted) => {
      // Every other one that a function may hold is no object.
      const isObject = (source: number): source is number =>
        source % 2 === 0 || wanted.some((one) => one.source === source && bytesOf(one) > READ_MAX_BYTES);
      const parts = planUpload(headBytes, wanted, isObject);
      expect(joined(parts.flatMap(rangesOf))).toEqual(joined(wanted));
      expect(parts.map(({ partNumber }) => partNumber)).toEqual(parts.map((_, place) => place + 1));
      expect(parts.length).toBeLessThanOrEqual(S3_PARTS_MAX);
      expect(
        parts.flatMap((part) => (part.kind === 'upload' && part.withHead ? [part.partNumber] : [])),
      ).toEqual([1]);
      for (const part of parts.slice(0, -1))
        expect(sizeOf(part, headBytes)).toBeGreaterThanOrEqual(S3_PART_MIN_BYTES);
      for (const part of parts) {
        // A function reads it into its memory.
        if (part.kind === 'upload') expect(sizeOf({ ...part, withHead: false }, 0)).toBeLessThan(10 * MIB);
        // S3 copies ranges of larger sources alone, which those of this length are.
        else expect(bytesOf(part.range)).toBeGreaterThanOrEqual(S3_PART_MIN_BYTES);
        if (part.kind === 'copy') expect(isObject(part.range.source)).toBe(true);
      }
    }),
  );
});

it('uploads the head and 5 MiB of a long range, and has the rest copied', () => {
  const range = { source: 1, fromByte: 100, endByte: 100 + 2_000 * MIB };
  const parts = planUpload(MIB, [range], (source): source is number => source === 1);
  expect(parts[0]).toMatchObject({ kind: 'upload', ranges: [{ fromByte: 100, endByte: 100 + 4 * MIB }] });
  expect(parts.slice(1).every(({ kind }) => kind === 'copy')).toBe(true);
});
