import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool, SLICE_BYTES } from '../../../container/upload/bufferPool.ts';

/** By default. */
const PART_BYTES = 8 * 1024 * 1024;

/** Given back to the system. */
const isReleased = ({ buffer }: Buffer): boolean => (buffer as ArrayBuffer).detached;

describe('memory of all recordings of a process', () => {
  it('are used again by whoever fills the next S3 part, not only by who gave them', () => {
    const pool = new BufferPool();
    pool.open();
    pool.open();
    const first = pool.take();
    pool.give(first);
    expect(pool.take()).toBe(first);
  });

  it('go back to the system after the last recording, also those that come later', () => {
    const pool = new BufferPool();
    pool.open();
    pool.open();
    const [early, late] = [pool.take(), pool.take()];
    pool.give(early);
    pool.close();
    expect(isReleased(early)).toBe(false);
    pool.close();
    expect(isReleased(early)).toBe(true);
    pool.give(late);
    expect(isReleased(late)).toBe(true);
  });

  it('are never with two at once, and of those that nobody has no more are kept than an S3 part has', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (drawn) => {
        const pool = new BufferPool();
        pool.open();
        const [taken, all] = [new Set<Buffer>(), new Set<Buffer>()];
        for (const takes of drawn) {
          const [oldest] = taken;
          if (takes) {
            const one = pool.take();
            expect(one).toHaveLength(SLICE_BYTES);
            expect(taken.has(one) || isReleased(one)).toBe(false);
            taken.add(one);
            all.add(one);
          } else if (oldest !== undefined) {
            taken.delete(oldest);
            pool.give(oldest);
          }
          const kept = [...all].filter((one) => !isReleased(one));
          expect(kept.length).toBeLessThanOrEqual(taken.size + PART_BYTES / SLICE_BYTES);
        }
      }),
      { numRuns: 30 },
    );
  });
});
