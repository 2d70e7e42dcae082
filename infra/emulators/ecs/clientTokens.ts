import { isDeepStrictEqual } from 'node:util';
import { AwsError } from '../shared/awsJson.ts';
import type { Task } from './task.ts';

const HOUR_MS = 3_600_000;
const TOKEN_LIFETIME_MS = 24 * HOUR_MS;

/** How long a stopped task can still be described, and a token outlives its tasks. */
export const STOPPED_TASK_LIFETIME_MS = HOUR_MS;

interface Entry {
  readonly parameters: unknown;
  readonly tasks: readonly Task[];
  readonly usedAt: Date;
}

/**
 * RunTask's client tokens: the same request again gives the same tasks. A token lives for 24 hours, or until an hour
 * after its tasks have stopped, if that is sooner ("Ensuring idempotency" in the ECS API reference). A request that
 * placed no task leaves no token, so that it can be tried again.
 */
export class ClientTokens {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** @throws AwsError ConflictException when the token came with other parameters */
  find(token: string, parameters: unknown): readonly Task[] | undefined {
    const entry = this.#entries.get(token);
    if (entry === undefined) return undefined;
    if (this.#expired(entry)) {
      this.#entries.delete(token);
      return undefined;
    }
    if (isDeepStrictEqual(entry.parameters, parameters)) return entry.tasks;
    throw new AwsError('ConflictException', 'The client token was used with other parameters.', {
      resourceIds: entry.tasks.map((task) => task.arn),
    });
  }

  remember(token: string, parameters: unknown, tasks: readonly Task[]): void {
    for (const [known, entry] of this.#entries) if (this.#expired(entry)) this.#entries.delete(known);
    if (tasks.length > 0) this.#entries.set(token, { parameters, tasks, usedAt: this.#now() });
  }

  #expired({ usedAt, tasks }: Entry): boolean {
    const now = this.#now().getTime();
    if (now - usedAt.getTime() >= TOKEN_LIFETIME_MS) return true;
    return tasks.every(
      ({ stoppedAt }) => stoppedAt !== undefined && now - stoppedAt.getTime() >= STOPPED_TASK_LIFETIME_MS,
    );
  }
}
