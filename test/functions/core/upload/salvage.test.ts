import fc from 'fast-check';
import { expect, it } from 'vitest';
import { s3PartBytes } from '../../../../functions/core/upload/partSizes.ts';
import { salvageOf } from '../../../../functions/core/upload/salvage.ts';

const PART_BYTES = 10;

interface Piece {
  readonly partNumber: number;
  readonly start: number;
  readonly bytes: number;
}

it('is the beginning of the file, whatever a rescuer and a recorder wrote over each other', () => {
  const upload = fc.record({
    by: fc.constantFrom('recorder', 'rescuer'),
    bytes: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(upload, { maxLength: 12 }), fc.boolean(), (uploads, isOver) => {
      const pieces = new Map<number, Piece>();
      let next = 1;
      for (const { by, bytes } of uploads) {
        const recorders = { partNumber: next, start: (next - 1) * PART_BYTES, bytes: PART_BYTES };
        // A rescuer that listed the S3 parts a while ago writes its tail over any of them.
        const over = Math.max(1, next - (bytes % 3));
        const rescuers = { partNumber: over, start: (over - 1) * PART_BYTES, bytes };
        pieces.set(by === 'recorder' ? next : over, by === 'recorder' ? recorders : rescuers);
        if (by === 'recorder') next += 1;
      }
      if (isOver) pieces.set(next, { partNumber: next, start: (next - 1) * PART_BYTES, bytes: 3 });
      const listed = [...pieces.values()].sort((a, b) => a.partNumber - b.partNumber);
      const { prefix, rest } = salvageOf(
        listed.map((piece) => ({ ...piece, crc32: '' })),
        PART_BYTES,
      );
      let end = 0;
      for (const { partNumber } of rest === undefined ? prefix : [...prefix, rest]) {
        const piece = pieces.get(partNumber);
        expect(piece?.start).toBe(end);
        end += piece?.bytes ?? 0;
      }
    }),
  );
});

it('S3 parts of a long file are larger, and a first one with its index in front is full as well', () => {
  expect([1, 2_500, 2_501, 5_001].map((number) => s3PartBytes(number, 8))).toEqual([8, 8, 16, 24]);
  const listed = [
    { partNumber: 1, bytes: 13, crc32: '' },
    { partNumber: 2, bytes: 10, crc32: '' },
    { partNumber: 4, bytes: 10, crc32: '' },
  ];
  expect(salvageOf(listed, PART_BYTES)).toEqual({ prefix: listed.slice(0, 2), rest: undefined });
});
