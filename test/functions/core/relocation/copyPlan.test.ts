import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyPartBytes, copyRanges } from '../../../../functions/core/relocation/copyPlan.ts';
import { S3_COPY_MAX_BYTES } from '../../../../functions/core/upload/s3Limits.ts';

const MIB = 1024 * 1024;

it('ranges cover exactly what is to be copied, and S3 takes all of them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 48 * 1024 ** 4 }),
      fc.nat({ max: 20 * MIB }),
      fc.integer({ min: 5 * MIB, max: 512 * MIB }),
      fc.boolean(),
      (bytes, fromByte, wantedBytes, hasFirst) => {
        const partBytes = copyPartBytes(bytes, wantedBytes);
        const endByte = fromByte + bytes;
        const first = { bytes: 8 * MIB, crc32: 'AAAAAA==' };
        const ranges = copyRanges({ fromByte, endByte, partBytes, ...(hasFirst ? { first } : {}) });
        expect(ranges[0]?.fromByte).toBe(fromByte);
        expect(ranges.at(-1)?.endByte).toBe(endByte);
        expect(ranges.at(-1)?.partNumber).toBeLessThanOrEqual(10_000);
        expect(partBytes).toBeLessThanOrEqual(S3_COPY_MAX_BYTES);
        const isNext = ranges.every(
          (range, index) =>
            range.partNumber === index + (hasFirst ? 2 : 1) &&
            (index === 0 || range.fromByte === ranges[index - 1]?.endByte) &&
            (index === ranges.length - 1 || range.endByte - range.fromByte === partBytes),
        );
        expect(isNext).toBe(true);
      },
    ),
  );
});
