import { bundledBootstrap } from '../bundles.ts';
import { Environment, type EnvironmentSpec, type Invocation } from './environment.ts';

/** @returns what cancels it */
export type After = (delayMs: number, run: () => void) => () => void;

export interface LambdaFunctionSpec extends Omit<EnvironmentSpec, 'handlerPath' | 'bootstrapPath'> {
  /** Absolute path of the file that exports `handler`; asked for before each invocation. */
  readonly handlerPath: () => Promise<string>;
  /** Tells when an environment has been idle for long; the system's own timers by default. */
  readonly after?: After;
  /** How many invocations run at once, each in an environment of its own; the others wait their turn. */
  readonly maxEnvironments: number;
  /** So many of them begin as soon as they are wanted, the others for what has waited for a moment. All by default. */
  readonly promptEnvironments?: number;
}

/** Lambda keeps them for some minutes; each takes tens of megabytes of this machine. */
const IDLE_MS = 60_000;
/** Longer than two take to begin beside each other, and a dozen answers. */
const CROWDED_MS = 1_000;

const systemAfter: After = (delayMs, run) => {
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};

interface Turn {
  readonly begin: () => void;
  readonly cancel: () => void;
}

interface Idle {
  readonly environment: Environment;
  readonly cancel: () => void;
}

/**
 * One function: environments are started when they are needed, kept warm for a minute, and used for one invocation at a
 * time. What one environment remembers is not known to another, as in Lambda.
 */
export class LambdaFunction {
  readonly #spec: LambdaFunctionSpec;
  readonly #all = new Set<Environment>();
  readonly #after: After;
  #idle: Idle[] = [];
  #turns: Turn[] = [];
  #running = 0;
  #closed: boolean = false;

  constructor(spec: LambdaFunctionSpec) {
    this.#spec = spec;
    this.#after = spec.after ?? systemAfter;
  }

  /** @param event anything that JSON can say */
  async invoke(event: unknown): Promise<Invocation> {
    if (this.#mayBegin) this.#running += 1;
    else await this.#turn();
    try {
      return await this.#run(event);
    } finally {
      const next = this.#turns.shift();
      // The turn is handed on, so that nobody who came later is first.
      if (next === undefined) this.#running -= 1;
      else {
        next.cancel();
        next.begin();
      }
    }
  }

  get #mayBegin(): boolean {
    const { maxEnvironments, promptEnvironments = maxEnvironments } = this.#spec;
    // One that is there already costs nothing.
    const prompt = Math.max(this.#all.size, Math.min(maxEnvironments, promptEnvironments));
    return this.#turns.length === 0 && this.#running < prompt;
  }

  /** Until another invocation has ended; or, where one more may run, for a moment. */
  async #turn(): Promise<void> {
    const { promise, resolve: begin } = Promise.withResolvers<void>();
    const cancel = this.#after(CROWDED_MS, () => {
      if (this.#running >= this.#spec.maxEnvironments) return;
      this.#running += 1;
      this.#turns = this.#turns.filter((other) => other !== turn);
      begin();
    });
    const turn: Turn = { begin, cancel };
    this.#turns.push(turn);
    await promise;
  }

  /** Ends all environments; invocations that still run fail. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#idle) cancel();
    await Promise.all([...this.#all].map((environment) => environment.terminate()));
  }

  async #run(event: unknown): Promise<Invocation> {
    const handlerPath = await this.#spec.handlerPath();
    const bootstrapPath = await bundledBootstrap();
    if (this.#closed)
      return { ok: false, errorType: 'Runtime.Closed', errorMessage: 'The runtime is closing.' };
    const warm = this.#takeIdle();
    const environment = warm ?? new Environment({ ...this.#spec, handlerPath, bootstrapPath });
    this.#all.add(environment);
    const failure = warm === undefined ? await environment.start() : undefined;
    const invocation = failure ?? (await environment.invoke(event));
    if (environment.dead) this.#all.delete(environment);
    else this.#keepWarm(environment);
    return invocation;
  }

  #keepWarm(environment: Environment): void {
    const cancel = this.#after(IDLE_MS, () => {
      this.#idle = this.#idle.filter((one) => one.environment !== environment);
      this.#all.delete(environment);
      void environment.terminate();
    });
    this.#idle.push({ environment, cancel });
  }

  #takeIdle(): Environment | undefined {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) return undefined;
      idle.cancel();
      if (!idle.environment.dead) return idle.environment;
      this.#all.delete(idle.environment);
    }
  }
}
