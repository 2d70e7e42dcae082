import { START_DEADLINE_MS } from '../../functions/core/protocol/launchAsked.ts';
import { TokenBucket } from '../../infra/emulators/ecs/tokenBucket.ts';
import type { Agenda } from './agenda.ts';
import type { Scenario } from './scenario.ts';

/** RunTask and Fargate's launches, each a bucket of tokens, and the vCPUs that there may be. */
export class Fargate {
  readonly #scenario: Scenario;
  readonly #calls: TokenBucket;
  readonly #launches: TokenBucket;
  #tasks = 0;
  mostTasks = 0;
  calls = 0;
  refused = 0;

  constructor(agenda: Agenda, scenario: Scenario) {
    this.#scenario = scenario;
    const now = () => new Date(agenda.nowMs);
    this.#calls = new TokenBucket(now);
    this.#launches = new TokenBucket(now);
  }

  /** @returns whether a task was placed. @param hosts that stand */
  runTask(hosts: number): boolean {
    const { quotas, fleet } = this.#scenario;
    this.calls += 1;
    const { runTaskPerSecond: perSecond, launchBurst, launchesPerSecond } = quotas;
    const vcpus = (this.#tasks + 1) * fleet.taskVcpus + hosts * fleet.hostVcpus;
    const isPlaced =
      this.#calls.take({ burst: perSecond, perSecond }) &&
      vcpus <= quotas.fargateVcpus &&
      this.#launches.take({ burst: launchBurst, perSecond: launchesPerSecond });
    if (!isPlaced) {
      this.refused += 1;
      return false;
    }
    this.#tasks += 1;
    this.mostTasks = Math.max(this.mostTasks, this.#tasks);
    return true;
  }

  ended(): void {
    this.#tasks -= 1;
  }
}

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 15_000;

/** When `launch` asks again (functions/core/protocol/launchAsked.ts); undefined: it gives up. */
export function askedAgainMs(
  askedAtMs: number,
  nowMs: number,
  tries: number,
  random: number,
): number | undefined {
  if (nowMs - askedAtMs >= START_DEADLINE_MS) return undefined;
  return Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** tries) * (0.5 + random / 2);
}
