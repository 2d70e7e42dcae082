import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  /** Errors that no other try will change. */
  readonly isFinal: (error: unknown) => boolean;
  /** Told of each failed try that is followed by another. */
  readonly onRetry: (error: unknown, tries: number) => void;
  readonly signal: AbortSignal;
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly random?: () => number;
}

/**
 * Tries until it works, is final, or the signal aborts: how long S3 may be away is decided by whoever holds the signal
 * (the disk that is left while recording, the time that is left at the end). Delays double up to `maxDelayMs`, with
 * full jitter, so that many recorders do not come back at the same moment.
 * @throws the last error
 */
export async function retrying<T>(run: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { firstDelayMs = 200, maxDelayMs = 5_000, random = Math.random, signal } = options;
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (signal.aborted || options.isFinal(error)) throw error;
      options.onRetry(error, tries);
      const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (tries - 1)) * random();
      const aborted = await delay(delayMs, false, { signal }).catch(() => true);
      if (aborted) throw error;
    }
  }
}
