import { type LaunchAsk, launchAsk } from '../../../../functions/core/protocol/asks.ts';
import { CapacityFallback, type RunTask } from '../../../../functions/core/protocol/launch.ts';
import { launchAsked } from '../../../../functions/core/protocol/launchAsked.ts';
import type { StoppedAttempt } from '../../../../functions/core/protocol/settle.ts';
import type { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

export interface LaunchSurroundings {
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly runTask: RunTask;
  readonly haveHostsRoom: () => Promise<boolean>;
  readonly step: () => Promise<void>;
  readonly spawnElsewhere: (run: () => Promise<unknown>) => void;
  readonly settle: (recordingId: string, stopped: StoppedAttempt) => Promise<void>;
}

const CAPACITY_PROVIDERS = ['FARGATE_SPOT', 'FARGATE'];
/** From one refusal to the next: the third comes after the deadline. */
const REFUSED_MS = 70_000;

/** The launch queue: a message comes again until the function is done with it. */
export class ModelLaunches {
  readonly #world: LaunchSurroundings;
  readonly #launcher: CapacityFallback;

  constructor(world: LaunchSurroundings) {
    this.#world = world;
    this.#launcher = new CapacityFallback(world.runTask, CAPACITY_PROVIDERS);
  }

  /** @param afterCalls it comes so late, as long as others are at work */
  ask(recordingId: string, attempt: number, afterCalls: number): void {
    const { step, clock } = this.#world;
    const ask = launchAsk(recordingId, attempt, clock.timeMs, { hostsWereAsked: true });
    this.#world.spawnElsewhere(async () => {
      // No function waits: nothing of it can die.
      for (let calls = 0; calls < afterCalls; calls++) await step().catch(() => undefined);
      this.#deliver(ask);
    });
  }

  #deliver(ask: LaunchAsk): void {
    const { store, clock, step, settle, spawnElsewhere, haveHostsRoom } = this.#world;
    const ports = {
      ...{ store, clock },
      tasks: this.#launcher,
      haveHostsRoom,
      moreHosts: async () => undefined,
      note: () => step(),
      again: async (later: LaunchAsk, delayMs: number) => {
        await step();
        clock.timeMs += later.tries > ask.tries ? REFUSED_MS : delayMs;
        this.#deliver(later);
      },
      giveUp: ({ attempt }: LaunchAsk, reason: string) =>
        settle(ask.recordingId, { attempt, reason, by: 'launch', isFinal: true, unclaimedOnly: true }),
      ended: ({ attempt }: LaunchAsk) =>
        settle(ask.recordingId, { attempt, reason: 'nobody waits', by: 'launch', unclaimedOnly: true }),
      random: () => 0,
    };
    spawnElsewhere(async () => {
      try {
        await launchAsked(ports, ask);
      } catch (error) {
        this.#deliver(ask);
        throw error;
      }
    });
  }
}
