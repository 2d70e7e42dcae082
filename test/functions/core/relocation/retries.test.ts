import { expect, it } from 'vitest';
import { retryAfterSeconds } from '../../../../functions/core/relocation/retries.ts';
import { RELOCATION } from '../../../../infra/wiring.ts';

it('tries again soon, then later and later, and never waits as long as the queue would', () => {
  const steps = RELOCATION.retrySeconds;
  const waits = Array.from({ length: 8 }, (_, i) => retryAfterSeconds(i + 1, steps));
  expect(waits.slice(0, steps.length)).toEqual([...steps]);
  expect(waits[0]).toBeLessThan(60);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(Math.max(...waits)).toBeLessThan(RELOCATION.visibilityTimeoutSeconds);
});
