import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NutCursor } from '../../../../../functions/core/media/nut/cursor.ts';
import { MediaError } from '../../../../../functions/core/media/types.ts';

/** Seven bits in each byte, the highest first; all but the last have the eighth. @param bytes at least so many */
function variable(value: bigint, bytes = 1): Buffer {
  const sevens = [Number(value & 127n)];
  for (let rest = value >> 7n; rest > 0n || sevens.length < bytes; rest >>= 7n)
    sevens.unshift(Number(rest & 127n) | 128);
  return Buffer.from(sevens);
}

describe("NUT's numbers", () => {
  it('are read to the unit up to 64 bits, one behind the other, by a cursor that is used again', () => {
    const cursor = new NutCursor(Buffer.from([0x80]));
    const value = fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 64 }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (drawn) => {
        const values = drawn.map(([bits, shift]) => bits >> BigInt(shift));
        const bytes = Buffer.concat(values.map((one) => variable(one)));
        cursor.begin(bytes);
        expect(values.map(() => cursor.large())).toEqual(values);
        expect(cursor.at).toBe(bytes.length);
        expect(cursor.isShort).toBe(false);
        cursor.byte();
        expect(cursor.isShort).toBe(true);
      }),
    );
  });

  it('of zeros in front are the same, and longer ones have no end', () => {
    for (let bytes = 1; bytes <= 10; bytes++) expect(new NutCursor(variable(5n, bytes)).large()).toBe(5n);
    expect(() => new NutCursor(variable(5n, 11)).large()).toThrow(MediaError);
  });

  it('that are cut off are short', () => {
    const cursor = new NutCursor(variable(2n ** 60n).subarray(0, 4));
    cursor.large();
    expect(cursor.isShort).toBe(true);
  });
});
