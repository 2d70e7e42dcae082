import type { Logger } from '@aws-lambda-powertools/logger';
import type { Carried } from './messages.ts';
import type { WorkerProcess } from './workerProcess.ts';

export interface HandOversOptions {
  /** Asks for the next attempt, elsewhere. */
  readonly handOver: (carried: Carried) => Promise<void>;
  readonly workers: ReadonlySet<Pick<WorkerProcess, 'carried' | 'interrupt'>>;
  readonly log: Logger;
}

/** Gives what a host carries to others. Another recorder is asked for first: each goes on here until that one records. */
export class HandOvers {
  readonly #options: HandOversOptions;
  /** Runs in the order in which they were taken, of which none was given up. */
  #kept: Carried[] = [];

  constructor(options: HandOversOptions) {
    this.#options = options;
  }

  taken(carried: Carried): void {
    const running = this.#carried;
    this.#kept = [...this.#kept.filter((one) => running.some(({ runId }) => runId === one.runId)), carried];
  }

  /** The host is told to end. */
  async all(): Promise<void> {
    await this.#ask(this.#carried);
    for (const worker of this.#options.workers) worker.interrupt();
  }

  /** The host is too small for what it carries. What it has given up already stays until another one records. */
  async newest(): Promise<void> {
    const running = this.#carried;
    const newest = this.#kept.findLast((one) => running.some(({ runId }) => runId === one.runId));
    if (newest === undefined) return;
    this.#options.log.warn('the host is overloaded, and hands its newest recording over', { ...newest });
    this.#kept = this.#kept.filter((one) => one !== newest);
    await this.#ask([newest]);
    for (const worker of this.#options.workers) worker.interrupt(newest);
  }

  get #carried(): readonly Carried[] {
    return [...this.#options.workers].flatMap((worker) => worker.carried);
  }

  async #ask(carried: readonly Carried[]): Promise<void> {
    const { handOver, log } = this.#options;
    await Promise.all(
      carried.map((one) =>
        // Whoever settles it asks again.
        handOver(one).catch((error: unknown) =>
          log.error('no other recorder could be asked for', error as Error),
        ),
      ),
    );
  }
}
