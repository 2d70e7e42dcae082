import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LoopDelay } from '../../../container/host/loopDelay.ts';

describe('how late an event loop is', () => {
  let nowMs = 1_000;
  const due: { readonly run: () => void; readonly atMs: number }[] = [];
  const timers = {
    nowMs: () => nowMs,
    setTimeout: (run: () => void, ms: number) => {
      due.push({ run, atMs: nowMs + ms });
      return {} as NodeJS.Timeout;
    },
    clearTimeout: () => void due.pop(),
  };
  /** What is due comes, so late. */
  const pass = (lateMs: number): void => {
    const { run, atMs = 0 } = due.shift() ?? {};
    nowMs = atMs + lateMs;
    run?.();
  };
  beforeEach(() => {
    nowMs = 1_000;
    due.length = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => void vi.restoreAllMocks());

  it('is told every two seconds, as the most that it came too late to what was due, unless that is nothing', () => {
    const told: number[] = [];
    new LoopDelay((maxMs) => told.push(maxMs), timers).start();
    for (const lateMs of [0, 1, 700.4, 3, 0, 0, 0, 0]) pass(lateMs);
    expect(told).toEqual([700]);
    for (let looks = 0; looks < 8; looks++) pass(2);
    expect(told).toEqual([700]);
    for (let looks = 0; looks < 8; looks++) pass(300);
    expect(told).toEqual([700, 300]);
  });

  it('is looked at four times in a second, when what has come is read, and only while there is something to be', () => {
    const delay = new LoopDelay(() => undefined, timers);
    expect(due).toEqual([]);
    delay.start();
    delay.start();
    for (let looks = 0; looks < 8; looks++) pass(0);
    expect(nowMs).toBeLessThanOrEqual(3_010);
    expect(nowMs % 250).toBeLessThanOrEqual(1);
    expect(due).toHaveLength(1);
    delay.stop();
    expect(due).toEqual([]);
  });
});
