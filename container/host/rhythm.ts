import type { Logger } from '@aws-lambda-powertools/logger';

/** Runs something again and again, beside everything else, and never twice at once. @returns what ends it */
export function rhythm(everyMs: number, run: () => Promise<void>, log: Logger): () => void {
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    void run()
      .catch((error: unknown) => log.warn('a host could not look after itself', error as Error))
      .finally(() => {
        isRunning = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
}
