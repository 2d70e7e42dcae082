import { setTimeout as delay } from 'node:timers/promises';

/**
 * To the next multiple of `everyMs` since the process began. What has one rhythm wakes up together: a wake-up costs as
 * much as what is done in it. Recorders began at different times, so that they do not come to S3 together.
 */
export function untilNextMs(everyMs: number): number {
  // Timers may be early by a part of a millisecond.
  const sinceMs = (performance.now() + 1) % everyMs;
  return everyMs - sinceMs + 1;
}

/**
 * Runs something again and again, at multiples of `everyMs`, and never beside itself.
 * @param run must not throw
 */
export async function every(everyMs: number, run: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(untilNextMs(everyMs), undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await run();
  }
}
