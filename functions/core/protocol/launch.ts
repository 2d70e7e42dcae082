import type { Launcher } from './ports.ts';

/** One RunTask. */
export interface TaskRequest {
  readonly recordingId: string;
  readonly attempt: number;
  readonly capacityProvider: string;
  /** The same again gives the same task, for 24 hours: 64 characters at most. */
  readonly clientToken: string;
}

/** @returns why no task was placed; empty where one was. Throws where it is not known whether one was */
export type RunTask = (request: TaskRequest) => Promise<readonly string[]>;

const CLIENT_TOKEN_MAX = 64;

/** Every capacity provider said no. */
export class NoCapacityError extends Error {
  override readonly name = 'NoCapacityError';
}

/**
 * Launches the task of an attempt with the first capacity provider that has room: the next one is asked only after an
 * explicit no, never after a time-out. Two that launch the same attempt may be given different answers, and so make two
 * tasks of it: the claim decides between them.
 */
export class CapacityFallback implements Launcher {
  readonly #runTask: RunTask;
  readonly #capacityProviders: readonly string[];

  constructor(runTask: RunTask, capacityProviders: readonly string[]) {
    this.#runTask = runTask;
    this.#capacityProviders = capacityProviders;
  }

  /** @throws NoCapacityError with the reasons, in ECS's words */
  async run(recordingId: string, attempt: number): Promise<void> {
    const refusals: string[] = [];
    for (const capacityProvider of this.#capacityProviders) {
      const clientToken = `${recordingId}-${attempt}-${capacityProvider}`.slice(0, CLIENT_TOKEN_MAX);
      const refused = await this.#runTask({ recordingId, attempt, capacityProvider, clientToken });
      if (refused.length === 0) return;
      refusals.push(...refused);
    }
    throw new NoCapacityError(refusals.join(', '));
  }
}
