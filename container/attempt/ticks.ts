import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs something again and again, at multiples of `everyMs` since the process began, and never beside itself. What has
 * one rhythm wakes up together: a wake-up costs as much as what is done in it. Recorders began at different times, so
 * that they do not come to S3 together.
 * @param run must not throw
 */
export async function every(everyMs: number, run: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Timers may be early by a part of a millisecond.
    const sinceMs = (performance.now() + 1) % everyMs;
    await delay(everyMs - sinceMs + 1, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await run();
  }
}
