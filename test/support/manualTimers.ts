import type { Timers } from '../../container/attempt/timers.ts';

/** A clock that goes on when it is told to. */
export class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #due = new Map<NodeJS.Timeout, { readonly atMs: number; readonly run: () => void }>();

  setTimeout = (run: () => void, ms: number): NodeJS.Timeout => {
    const timer = { unref: () => timer } as NodeJS.Timeout;
    this.#due.set(timer, { atMs: this.#nowMs + ms, run });
    return timer;
  };

  clearTimeout = (timer: NodeJS.Timeout): void => {
    this.#due.delete(timer);
  };

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const [timer, { atMs, run }] of this.#due) {
      if (atMs > this.#nowMs) continue;
      this.#due.delete(timer);
      run();
    }
  }

  get pending(): number {
    return this.#due.size;
  }
}
