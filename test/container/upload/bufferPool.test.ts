import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool, SLICE_BYTES } from '../../../container/upload/bufferPool.ts';

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

  it('are with nobody else while anybody reads them', () => {
    const pool = new BufferPool();
    pool.open();
    const slice = pool.take();
    pool.hold(slice);
    pool.hold(slice);
    for (let others = 2; others > 0; others--) {
      pool.give(slice);
      const other = pool.take();
      expect(other).not.toBe(slice);
      pool.give(other);
    }
    pool.give(slice);
    expect([pool.take(), pool.take()]).toContain(slice);
  });

  it('are never with two at once, and no more are kept than have been needed at once', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (drawn) => {
        const pool = new BufferPool();
        pool.open();
        const [taken, all] = [new Set<Buffer>(), new Set<Buffer>()];
        let most = 0;
        for (const takes of drawn) {
          const [oldest] = taken;
          if (takes) {
            const one = pool.take();
            expect(one).toHaveLength(SLICE_BYTES);
            expect(taken.has(one) || isReleased(one)).toBe(false);
            taken.add(one);
            all.add(one);
            most = Math.max(most, taken.size);
          } else if (oldest !== undefined) {
            taken.delete(oldest);
            pool.give(oldest);
          }
          expect([...all].filter((one) => !isReleased(one))).toHaveLength(most);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('are kept for S3 parts that end together again and again, and no longer than those are filled', () => {
    let nowMs = 0;
    const pool = new BufferPool(() => nowMs);
    pool.open();
    const all = new Set<Buffer>();
    const fill = (slices: number): void => {
      const taken = Array.from({ length: slices }, () => pool.take());
      for (const one of taken) all.add(one);
      nowMs += 17_000;
      for (const one of taken) pool.give(one);
    };
    const kept = (): number => [...all].filter((one) => !isReleased(one)).length;
    for (let times = 0; times < 10; times++) fill(20);
    expect(all.size).toBe(20);
    for (let times = 0; times < 6; times++) fill(3);
    expect(all.size).toBe(20);
    expect(kept()).toBe(3);
    // What S3 took slowly is not kept.
    fill(200);
    expect(kept()).toBeLessThan(100);
  });
});
