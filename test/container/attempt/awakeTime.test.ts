import { expect, it } from 'vitest';
import { AwakeTime } from '../../../container/attempt/awakeTime.ts';

const TICK_MS = 100;

/** A process that runs when it is told to. */
function processOf() {
  let nowMs = 5_000;
  let tick = (): void => undefined;
  let everyMs = 0;
  const awake = new AwakeTime({
    nowMs: () => nowMs,
    every: (ms, run) => {
      [everyMs, tick] = [ms, run];
    },
  });
  const beganAtMs = awake.ms;
  return {
    get ms() {
      return awake.ms - beganAtMs;
    },
    run(ms: number) {
      for (let left = ms; left > 0; left -= everyMs) {
        nowMs += Math.min(everyMs, left);
        if (left >= everyMs) tick();
      }
    },
    standStill(ms: number) {
      nowMs += ms;
    },
  };
}

it('is the time of the clock while the process runs', () => {
  const running = processOf();
  running.run(1_030);
  expect(running.ms).toBe(1_030);
});

it.each([
  ['before its timers have run', 0],
  ['and after them', 1_000],
])('does not go on while the process stands still, %s', (_, afterwardsMs) => {
  const running = processOf();
  running.run(1_000);
  running.standStill(60_000);
  running.run(afterwardsMs);
  expect(running.ms).toBeGreaterThanOrEqual(1_000 + afterwardsMs);
  expect(running.ms).toBeLessThanOrEqual(1_000 + afterwardsMs + 2 * TICK_MS);
});
