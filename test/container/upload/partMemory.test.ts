import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BufferPool, SLICE_BYTES } from '../../../container/upload/bufferPool.ts';
import { PartMemory } from '../../../container/upload/partMemory.ts';

const PART_BYTES = 3 * SLICE_BYTES + 1_000;

describe('memory of an S3 part', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('has what was put in, whatever the sizes, and no more of the pool than that needs', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: SLICE_BYTES + 5 }), { maxLength: 8 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(sizes, share, share, (drawn, fromShare, bytesShare) => {
        const pool = new BufferPool();
        const take = vi.spyOn(pool, 'take');
        const memory = new PartMemory(pool, PART_BYTES);
        let expected = Buffer.alloc(0);
        for (const [count, size] of drawn.entries()) {
          const data = Buffer.alloc(size, `${count},`);
          const from = Math.floor(size / 3);
          const copied = memory.append(data, from);
          expect(copied).toBe(Math.min(size - from, PART_BYTES - expected.length));
          expected = Buffer.concat([expected, data.subarray(from, from + copied)]);
        }
        expect(memory.bytes).toBe(expected.length);
        expect(memory.isFull).toBe(expected.length === PART_BYTES);
        expect(Buffer.concat(memory.pieces).equals(expected)).toBe(true);
        expect(take).toHaveBeenCalledTimes(Math.ceil(expected.length / SLICE_BYTES));
        const from = Math.floor(fromShare * expected.length);
        const bytes = Math.floor(bytesShare * (expected.length - from));
        const held = memory.hold(from, bytes);
        // Whatever becomes of the rest, and whoever comes next.
        memory.giveBack();
        new PartMemory(pool, PART_BYTES).append(Buffer.alloc(PART_BYTES, 0xff), 0);
        expect(Buffer.concat(held.pieces).equals(expected.subarray(from, from + bytes))).toBe(true);
        held.release();
      }),
      { numRuns: 40 },
    );
  });

  it('gives back all that it took, once, and does not give what it does not have', () => {
    const pool = new BufferPool();
    const give = vi.spyOn(pool, 'give');
    const memory = new PartMemory(pool, PART_BYTES);
    memory.append(Buffer.alloc(SLICE_BYTES + 1), 0);
    expect(() => memory.hold(SLICE_BYTES, 2)).toThrow(RangeError);
    memory.giveBack();
    memory.giveBack();
    expect(give).toHaveBeenCalledTimes(2);
    expect(() => memory.hold(0, 1)).toThrow(RangeError);
  });
});
