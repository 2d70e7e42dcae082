const TICK_MS = 100;

export interface Ticks {
  /** Milliseconds of any beginning. */
  readonly nowMs: () => number;
  /** Calls it every so often from now on, as far as the process runs. */
  readonly every: (ms: number, run: () => void) => void;
}

const NODE: Ticks = {
  nowMs: () => performance.now(),
  every: (ms, run) => {
    setInterval(run, ms).unref();
  },
};

/**
 * For how long this process has run. While it does not (its event loop is blocked, its container gets no CPU), it waits for
 * nothing: what comes meanwhile is read afterwards.
 */
export class AwakeTime {
  readonly #ticks: Ticks;
  #untilMs = 0;
  #tickedAtMs: number | undefined;

  constructor(ticks = NODE) {
    this.#ticks = ticks;
  }

  /** Milliseconds of any beginning; at most two tenths of a second too many for each time that it stood still. */
  get ms(): number {
    if (this.#tickedAtMs === undefined) {
      this.#tickedAtMs = this.#ticks.nowMs();
      this.#ticks.every(TICK_MS, () => this.#tick());
    }
    return this.#untilMs + this.#sinceTickMs(this.#tickedAtMs);
  }

  #tick(): void {
    this.#untilMs = this.ms;
    this.#tickedAtMs = this.#ticks.nowMs();
  }

  /** One that is later than another tick says that nothing ran meanwhile. */
  #sinceTickMs(tickedAtMs: number): number {
    return Math.min(this.#ticks.nowMs() - tickedAtMs, 2 * TICK_MS);
  }
}

/** This process's. */
export const AWAKE_TIME = new AwakeTime();
