import { Environment, type EnvironmentSpec, type Invocation } from './environment.ts';

export interface LambdaFunctionSpec extends EnvironmentSpec {
  /** How many invocations run at once, each in an environment of its own; the others wait their turn. */
  readonly maxEnvironments: number;
}

/**
 * One function: environments are started when they are needed, kept warm, and used for one invocation at a time. What
 * one environment remembers is not known to another, as in Lambda.
 */
export class LambdaFunction {
  readonly #spec: LambdaFunctionSpec;
  readonly #all = new Set<Environment>();
  readonly #idle: Environment[] = [];
  readonly #turns: (() => void)[] = [];
  #running = 0;
  #closed: boolean = false;

  constructor(spec: LambdaFunctionSpec) {
    this.#spec = spec;
  }

  /** @param event anything that JSON can say */
  async invoke(event: unknown): Promise<Invocation> {
    if (this.#running < this.#spec.maxEnvironments) this.#running += 1;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    try {
      return await this.#run(event);
    } finally {
      const next = this.#turns.shift();
      // The turn is handed on, so that nobody who came later is first.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** Ends all environments; invocations that still run fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((environment) => environment.terminate()));
  }

  async #run(event: unknown): Promise<Invocation> {
    if (this.#closed)
      return { ok: false, errorType: 'Runtime.Closed', errorMessage: 'The runtime is closing.' };
    const warm = this.#takeIdle();
    const environment = warm ?? new Environment(this.#spec);
    this.#all.add(environment);
    const failure = warm === undefined ? await environment.start() : undefined;
    const invocation = failure ?? (await environment.invoke(event));
    if (environment.dead) this.#all.delete(environment);
    else this.#idle.push(environment);
    return invocation;
  }

  #takeIdle(): Environment | undefined {
    for (;;) {
      const environment = this.#idle.pop();
      if (environment?.dead !== true) return environment;
      this.#all.delete(environment);
    }
  }
}
