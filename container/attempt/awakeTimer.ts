import type { Timers } from './timers.ts';

/** Node's timers, and the clock that they go by. */
export interface TimersWithClock extends Timers {
  /** Milliseconds of any beginning. */
  readonly nowMs: () => number;
}

const NODE: TimersWithClock = { setTimeout, clearTimeout, nowMs: () => performance.now() };
/** Of the limit. One that comes late by more than its own length says that nothing ran meanwhile. */
const SLICES = 8;
/** Timers are not more exact. */
const LATE_MIN_MS = 10;

/**
 * A limit for how long somebody outside may say nothing, counted while this process runs. A process that does not run (its
 * event loop is blocked, its container gets no CPU) does not listen either, and its timers are the first thing that runs
 * afterwards: what had come by then is read before the limit is over.
 */
export class AwakeTimer {
  readonly #timers: TimersWithClock;
  #timer: NodeJS.Timeout | undefined;

  /** @param run called once, unless it is cleared before */
  constructor(run: () => void, limitMs: number, timers: TimersWithClock = NODE) {
    this.#timers = timers;
    this.#wait(run, limitMs / SLICES, SLICES);
  }

  clear(): void {
    if (this.#timer !== undefined) this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(run: () => void, sliceMs: number, left: number): void {
    const fromMs = this.#timers.nowMs();
    this.#timer = this.#timers.setTimeout(() => {
      const isLate = this.#timers.nowMs() - fromMs > Math.max(2 * sliceMs, LATE_MIN_MS);
      if (isLate) this.#wait(run, sliceMs, left);
      else if (left > 1) this.#wait(run, sliceMs, left - 1);
      else run();
    }, sliceMs);
  }
}
