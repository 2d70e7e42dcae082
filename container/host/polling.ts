import type { Logger } from '@aws-lambda-powertools/logger';
import type { AssignmentQueue, ReceivedAssignment } from './assignmentQueue.ts';

/** A poll takes 20 s, and ends in an error where SQS is away. */
const POLL_MAX_MS = 60_000;
const AGAIN_MS = 500;

/** How a host asks for recordings, and whether it still does. */
export class Polling {
  readonly #assignments: Pick<AssignmentQueue, 'receive'>;
  readonly #log: Logger;
  #sinceMs: number | undefined;

  constructor(assignments: Pick<AssignmentQueue, 'receive'>, log: Logger) {
    this.#assignments = assignments;
    this.#log = log;
  }

  /** Undefined where none has come, or none can be had now. */
  async next(signal: AbortSignal): Promise<ReceivedAssignment | undefined> {
    this.#sinceMs = performance.now();
    try {
      return await this.#assignments.receive(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#log.warn('no assignment could be received', error as Error);
    } finally {
      this.#sinceMs = undefined;
    }
    await pause(AGAIN_MS, signal);
    return undefined;
  }

  /** It would take no recording any more. */
  get hangs(): boolean {
    return this.#sinceMs !== undefined && performance.now() - this.#sinceMs > POLL_MAX_MS;
  }
}

/** Ends with the signal at the latest. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
