import type { Logger } from '@aws-lambda-powertools/logger';
import { settleAsk, settleAsks } from '../../functions/core/protocol/asks.ts';
import { isUnsuspected } from '../../functions/core/protocol/poison.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import type { Progress } from '../../functions/core/state/objects.ts';
import type { HostState } from './hostState.ts';
import type { Carried } from './messages.ts';

export interface EndingsOptions {
  readonly hostId: string;
  readonly state: HostState;
  /** Tells the settle queue. Tries until it has. */
  readonly settle: (message: object) => Promise<void>;
  /** Asks for the next attempt, here or elsewhere. */
  readonly goOn: (carried: Carried) => Promise<void>;
  /** Whoever settles it compares it with what others wrote. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** An attempt that the host carries no more. */
export interface Left {
  readonly carried: Carried;
  /** The last that its worker told of it. */
  readonly progress: Progress | undefined;
}

/** With its worker. */
export interface Dead extends Left {
  /** Since it was claimed; 0 where it was not. */
  readonly carriedMs: number;
}

/**
 * Tells of attempts that ended, before they are forgotten: no event of ECS tells of one that ended inside a host. In the
 * background, each beside the others.
 */
export class Endings {
  readonly #options: EndingsOptions;
  readonly #telling = new Set<Promise<void>>();

  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  /** @param reason undefined for one that was never this host's: there is nothing to settle */
  ended(left: Left, reason: string | undefined): void {
    this.#spawn(async () => {
      if (reason !== undefined) {
        await this.#keepProgress([left]);
        await this.#options.settle(this.#ask(left, reason, false));
      }
      await this.#options.state.drop(left.carried);
    });
  }

  /**
   * All that a worker carried with one message: what it wrote is then read once for all of them. Those that cannot have
   * killed it are asked for here, as in a hand-over: a function that settles has to start first.
   * @param saved what they left on this host's disk is in S3, or will not be soon: so whoever settles finds it. Never rejects
   */
  died(left: readonly Dead[], reason: string, saved: Promise<void>): void {
    this.#spawn(async () => {
      await this.#keepProgress(left);
      const asks = settleAsks(left.map((one) => this.#ask(one, reason, true)));
      await Promise.all([this.#goOn(left), saved.then(() => this.#options.settle(asks))]);
      await Promise.all(left.map(({ carried }) => this.#options.state.drop(carried)));
    });
  }

  /** Everything has been told. */
  async told(): Promise<void> {
    while (this.#telling.size > 0) await Promise.all(this.#telling);
  }

  #ask({ carried }: Left, reason: string, died: boolean): ReturnType<typeof settleAsk> {
    const { hostId, clock } = this.#options;
    return settleAsk({ ...carried, reason, by: `host ${hostId}`, endedAtMs: clock.nowMs(), died });
  }

  async #goOn(left: readonly Dead[]): Promise<void> {
    const { goOn, log } = this.#options;
    const unsuspected = left.filter(({ carried, carriedMs }) => isUnsuspected(carried.attempt, carriedMs));
    const asked = await Promise.allSettled(unsuspected.map(({ carried }) => goOn(carried)));
    for (const one of asked)
      if (one.status === 'rejected')
        log.warn('no other recorder could be asked for: whoever settles it does', { error: one.reason });
  }

  /** Before it is settled: limits count what an attempt recorded. Without it they count what is rescued. */
  async #keepProgress(left: readonly Left[]): Promise<void> {
    const { state, log } = this.#options;
    const kept = await Promise.allSettled(
      left.map(({ carried, progress }) => state.keepProgress(carried, progress)),
    );
    for (const one of kept)
      if (one.status === 'rejected') log.warn('a last heartbeat was not written', { error: one.reason });
  }

  #spawn(run: () => Promise<void>): void {
    const told = run()
      .catch((error: unknown) =>
        this.#options.log.error('the end of an attempt could not be told', error as Error),
      )
      .finally(() => this.#telling.delete(told));
    this.#telling.add(told);
  }
}
