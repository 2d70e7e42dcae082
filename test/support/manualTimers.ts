import type { TimersWithClock } from '../../container/attempt/awakeTimer.ts';

/** A clock that goes on when it is told to. */
export class ManualTimers implements TimersWithClock {
  #nowMs = 0;
  readonly #due = new Map<NodeJS.Timeout, { readonly atMs: number; readonly run: () => void }>();

  nowMs = (): number => this.#nowMs;

  setTimeout = (run: () => void, ms: number): NodeJS.Timeout => {
    const timer = { unref: () => timer } as NodeJS.Timeout;
    this.#due.set(timer, { atMs: this.#nowMs + ms, run });
    return timer;
  };

  clearTimeout = (timer: NodeJS.Timeout): void => {
    this.#due.delete(timer);
  };

  /** All that is due meanwhile runs at its time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#run(next);
    }
    this.#nowMs = untilMs;
  }

  /** Nothing runs meanwhile; then all that was due does, late and once. */
  block(ms: number): void {
    this.#nowMs += ms;
    const late = [...this.#due].filter(([, { atMs }]) => atMs <= this.#nowMs);
    for (const [timer, { atMs, run }] of late) this.#run({ timer, atMs, run });
  }

  #next(untilMs: number): Due | undefined {
    const [first] = [...this.#due].sort(([, one], [, other]) => one.atMs - other.atMs);
    if (first === undefined || first[1].atMs > untilMs) return undefined;
    return { timer: first[0], ...first[1] };
  }

  #run({ timer, run }: Due): void {
    if (this.#due.delete(timer)) run();
  }

  get pending(): number {
    return this.#due.size;
  }
}

interface Due {
  readonly timer: NodeJS.Timeout;
  readonly atMs: number;
  readonly run: () => void;
}
