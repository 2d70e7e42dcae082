import { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../../../../functions/aws/stateStore.ts';
import { RecorderError } from '../../../../functions/core/api/errors.ts';
import { hostGoneAsk, type SettleAsk, settleAsksSchema } from '../../../../functions/core/protocol/asks.ts';
import type { Launcher } from '../../../../functions/core/protocol/ports.ts';
import type { Aftermath } from '../../../../functions/mending/aftermath.ts';
import type { Journals } from '../../../../functions/mending/journals.ts';
import { Settling } from '../../../../functions/mending/settling.ts';
import { type HostSurroundings, ModelHost } from './modelHost.ts';
import { Died } from './recorder.ts';

/** What hosts and their queues have of the world. */
export interface HostsSurroundings
  extends Pick<HostSurroundings, 'store' | 'clock' | 'recorder' | 'spawn' | 'secure' | 'witness'> {
  /** Asks for an attempt, of hosts too. */
  readonly tasks: Launcher;
  readonly step: () => Promise<void>;
  readonly spawnElsewhere: (run: () => Promise<unknown>) => void;
  readonly settle: (ask: SettleAsk) => Promise<void>;
  /** How often it is told that the n-th host is gone. */
  readonly timesTold: (host: number) => number;
}

const log = new Logger({ logLevel: 'SILENT' });

/** The hosts of a world, one after the other, and the queues that they take from and tell. */
export class ModelHosts {
  readonly #world: HostsSurroundings;
  readonly #settling: Settling;
  #host: ModelHost | undefined;
  #count = 0;

  constructor(world: HostsSurroundings) {
    this.#world = world;
    const aftermath = {
      sharedJournals: () => ({}) as Journals,
      removeJournals: async () => undefined,
      of: async (ask) => {
        await world.settle(ask as SettleAsk);
        return undefined;
      },
    } satisfies Partial<Aftermath>;
    this.#settling = new Settling({
      store: world.store as unknown as StateStore,
      aftermath: aftermath as unknown as Aftermath,
      settleQueue: { send: (message) => this.#send(message) },
      tasks: world.tasks,
    });
  }

  /** The assignments queue. One that gets lost is launched. */
  assign(recordingId: string, attempt: number): void {
    this.#world.spawnElsewhere(async () => {
      await this.#world.step();
      this.#alive().assigned({ recordingId, attempt });
    });
  }

  #alive(): ModelHost {
    if (this.#host?.group.isDead === false) return this.#host;
    this.#count += 1;
    this.#host = new ModelHost(`host-${this.#count}`, {
      ...this.#world,
      goOn: ({ recordingId, attempt }) => this.#world.tasks.run(recordingId, attempt + 1),
      settle: (message) => this.#send(message),
      hostGone: (host) => this.#gone(host),
    });
    return this.#host;
  }

  /** The settle queue. */
  async #send(message: object): Promise<void> {
    await this.#world.step();
    const { asks } = settleAsksSchema.safeParse(message).data ?? { asks: [message as SettleAsk] };
    this.#deliver(() => this.#settling.settleTogether(asks, log));
  }

  #gone({ hostId }: ModelHost): void {
    const ask = hostGoneAsk({ hostId, reason: 'silent', by: 'a peer', endedAtMs: this.#world.clock.nowMs() });
    const times = this.#world.timesTold(this.#count - 1);
    for (let i = 0; i < times; i++) this.#deliver(() => this.#settling.settleHost(ask, log));
  }

  /** A message comes again until the function is done with it. */
  #deliver(settle: () => Promise<void>): void {
    this.#world.spawnElsewhere(async () => {
      try {
        await settle();
      } catch (error) {
        const faults: unknown[] = error instanceof AggregateError ? error.errors : [error];
        const known = faults.find((one) => !(one instanceof Died || one instanceof RecorderError));
        if (known !== undefined) throw known;
        this.#deliver(settle);
      }
    });
  }
}
