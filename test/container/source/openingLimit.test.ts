import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpeningLimit } from '../../../container/source/openingLimit.ts';
import { starvedMs } from '../../../container/source/starvation.ts';
import { ManualTimers } from '../../support/manualTimers.ts';

const LIMIT_MS = 10_000;
const STEP_MS = 50;

/** @param starvedMs at a time of the clock's */
function begin(starvedMs: (nowMs: number) => number, pictures: (nowMs: number) => number = () => 0) {
  const timers = new ManualTimers();
  const overAtMs: number[] = [];
  const limit = new OpeningLimit({
    limitMs: LIMIT_MS,
    starvedMs: () => starvedMs(timers.nowMs()),
    keyframeWait: () => ({ sinceMs: 0, pictures: pictures(timers.nowMs()) }),
    onOver: () => overAtMs.push(timers.nowMs()),
    timers,
  });
  return { timers, overAtMs, limit };
}

describe('OpeningLimit', () => {
  it('is over once, when it is', () => {
    const { timers, overAtMs } = begin(() => 0);
    timers.advance(3 * LIMIT_MS);
    expect(overAtMs).toEqual([LIMIT_MS]);
  });

  it('does not count for how long ffmpeg gets no CPU, whenever that is', () => {
    const shareArb = fc.double({ min: 0, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(shareArb, shareArb, fc.nat(LIMIT_MS), (first, later, fromMs) => {
        const starved = (nowMs: number): number =>
          first * Math.min(nowMs, fromMs) + later * Math.max(0, nowMs - fromMs);
        const { timers, overAtMs } = begin(starved);
        while (overAtMs.length === 0) timers.advance(STEP_MS);
        const ranMs = (overAtMs[0] ?? 0) - starved(overAtMs[0] ?? 0);
        expect(ranMs).toBeGreaterThan(LIMIT_MS - 2 * STEP_MS - 1);
        expect(ranMs).toBeLessThan(LIMIT_MS + 2 * STEP_MS);
      }),
    );
  });

  it('waits from anew as long as more pictures wait for a keyframe', () => {
    const { timers, overAtMs } = begin(
      () => 0,
      (nowMs) => Math.min(nowMs, 2.5 * LIMIT_MS),
    );
    timers.advance(10 * LIMIT_MS);
    expect(overAtMs).toEqual([4 * LIMIT_MS]);
  });

  it('is not over once it has been cleared', () => {
    const { timers, overAtMs, limit } = begin(() => 0);
    limit.clear();
    timers.advance(3 * LIMIT_MS);
    expect(overAtMs).toEqual([]);
    expect(timers.pending).toBe(0);
  });
});

describe.runIf(existsSync('/proc/self/schedstat'))('starvedMs', () => {
  it('grows no faster than the clock, and is nothing for a process that is not there', () => {
    const atMs = performance.now();
    const before = starvedMs(process.pid);
    expect(before).toBeGreaterThan(0);
    expect(starvedMs(process.pid) - before).toBeLessThanOrEqual(performance.now() - atMs + 1);
    expect(starvedMs(2 ** 30)).toBe(0);
  });
});
