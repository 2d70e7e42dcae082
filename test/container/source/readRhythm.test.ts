import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadRhythm } from '../../../container/source/readRhythm.ts';

const HELD_BYTES = 160 * 1024;
const TICK_MS = 250;

/** Reads a stream of this rate for a while. @returns when, and how much came between two reads */
function reads(bytesPerMs: number, seconds: number): { readonly atMs: number; readonly bytes: number }[] {
  const rhythm = new ReadRhythm(HELD_BYTES);
  const found: { atMs: number; bytes: number }[] = [];
  let nowMs = 0;
  while (nowMs < seconds * 1_000) {
    const bytes = (nowMs - (found.at(-1)?.atMs ?? 0)) * bytesPerMs;
    found.push({ atMs: nowMs, bytes });
    // Where there is no pause, the next piece comes after some milliseconds.
    nowMs += rhythm.restMs(bytes, nowMs) || 5;
  }
  return found;
}

describe('ReadRhythm', () => {
  it('does not keep the first second waiting, and then reads a usual stream four times in a second', () => {
    const found = reads(500, 10);
    expect(found.filter(({ atMs }) => atMs < 1_000).length).toBeGreaterThan(100);
    expect(found.filter(({ atMs }) => atMs >= 5_000)).toHaveLength(20);
  });

  it('wakes up all that read at the same moments, whenever they began', () => {
    const late = new ReadRhythm(HELD_BYTES);
    late.restMs(100, 0);
    const [first, second] = [1_260, 1_377.5].map((nowMs) => nowMs + late.restMs(100, nowMs));
    expect(first).toBe(second);
    expect((first ?? 0) % TICK_MS).toBe(0);
  });

  it('never lets more wait than may, whatever the rate', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 20_000, noNaN: true }), (bytesPerMs) => {
        for (const { atMs, bytes } of reads(bytesPerMs, 4))
          if (atMs > 1_500) expect(bytes).toBeLessThanOrEqual(Math.max(HELD_BYTES, 10 * bytesPerMs));
      }),
      { numRuns: 100 },
    );
  });

  it('reads faster as soon as a source does', () => {
    const rhythm = new ReadRhythm(HELD_BYTES);
    for (let nowMs = 0; nowMs < 3_000; nowMs += TICK_MS) rhythm.restMs(10_000, nowMs);
    expect(rhythm.restMs(200_000, 3_000)).toBeLessThan(130);
    expect(rhythm.restMs(10_000_000, 3_010)).toBe(0);
  });
});
