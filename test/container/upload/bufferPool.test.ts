import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../container/upload/bufferPool.ts';

/** Given back to the system. */
const isReleased = ({ buffer }: Buffer): boolean => (buffer as ArrayBuffer).detached;

describe('buffers of all recordings of a process', () => {
  it('are used again by whoever fills the next S3 part, not only by who gave them', () => {
    const pool = new BufferPool();
    pool.open();
    pool.open();
    const first = pool.take(8);
    pool.give(first);
    expect(pool.take(8)).toBe(first);
  });

  it('of another size are not taken, and make way', () => {
    const pool = new BufferPool();
    pool.open();
    const small = pool.take(8);
    pool.give(small);
    const large = [pool.take(16), pool.take(16)];
    expect(large.map(({ length }) => length)).toEqual([16, 16]);
    large.forEach((one) => {
      pool.give(one);
    });
    expect([small, ...large].map(isReleased)).toEqual([true, false, false]);
  });

  it('go back to the system after the last recording, also those that come later', () => {
    const pool = new BufferPool();
    pool.open();
    pool.open();
    const [early, late] = [pool.take(8), pool.take(8)];
    pool.give(early);
    pool.close();
    expect(isReleased(early)).toBe(false);
    pool.close();
    expect(isReleased(early)).toBe(true);
    pool.give(late);
    expect(isReleased(late)).toBe(true);
  });

  it('are never with two at once, and of those that nobody has few are kept', () => {
    const steps = fc.array(fc.record({ takes: fc.boolean(), bytes: fc.constantFrom(8, 16) }));
    fc.assert(
      fc.property(steps, (drawn) => {
        const pool = new BufferPool();
        pool.open();
        const [taken, all] = [new Set<Buffer>(), new Set<Buffer>()];
        for (const { takes, bytes } of drawn) {
          const [oldest] = taken;
          if (takes) {
            const one = pool.take(bytes);
            expect(taken.has(one) || isReleased(one)).toBe(false);
            taken.add(one);
            all.add(one);
          } else if (oldest !== undefined) {
            taken.delete(oldest);
            pool.give(oldest);
          }
          const kept = [...all].filter((one) => !isReleased(one));
          expect(kept.length).toBeLessThanOrEqual(taken.size + 2);
        }
      }),
    );
  });
});
