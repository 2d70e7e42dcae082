import type { Logger } from '@aws-lambda-powertools/logger';

/**
 * Runs something again and again, each time when it is due.
 * @param dueInMs asked whenever it has run
 * @returns what ends it
 */
export function whenDue(dueInMs: () => number, run: () => Promise<void>, log: Logger): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const wait = (): void => {
    if (!isOver) timer = setTimeout(look, dueInMs());
  };
  const look = (): void =>
    void run()
      .catch((error: unknown) => log.warn(FAILED, error as Error))
      .finally(wait);
  wait();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

const FAILED = 'a host could not look after itself';

/** Runs something again and again, beside everything else, and never twice at once. @returns what ends it */
export function rhythm(everyMs: number, run: () => Promise<void>, log: Logger): () => void {
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    void run()
      .catch((error: unknown) => log.warn(FAILED, error as Error))
      .finally(() => {
        isRunning = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
}
