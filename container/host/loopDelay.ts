import type { TimersWithClock } from '../attempt/awakeTimer.ts';
import { untilNextMs } from '../attempt/ticks.ts';

/** As what a live source sends is read (../source/readRhythm.ts): so looking wakes up nobody. */
const LOOK_MS = 250;
/** Told so often. */
const LOOKS = 8;
/** Less is none (./room.ts), and not worth a message. */
const TOLD_MIN_MS = 20;

const NODE: TimersWithClock = { setTimeout, clearTimeout, nowMs: () => performance.now() };

/** How late the event loop comes to what is due, looked at when what has come is to be read, while there is something to be. */
export class LoopDelay {
  readonly #tell: (maxMs: number) => void;
  readonly #timers: TimersWithClock;
  #timer: NodeJS.Timeout | undefined;

  /** @param tell told the most of some looks, in whole ms, where it is more than nothing */
  constructor(tell: (maxMs: number) => void, timers: TimersWithClock = NODE) {
    this.#tell = tell;
    this.#timers = timers;
  }

  start(): void {
    if (this.#timer === undefined) this.#look(LOOKS, 0);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(left: number, maxMs: number): void {
    const waitMs = untilNextMs(LOOK_MS);
    const dueAtMs = this.#timers.nowMs() + waitMs;
    this.#timer = this.#timers.setTimeout(() => {
      const mostMs = Math.max(maxMs, this.#timers.nowMs() - dueAtMs);
      if (left > 1) return this.#look(left - 1, mostMs);
      if (mostMs >= TOLD_MIN_MS) this.#tell(Math.round(mostMs));
      this.#look(LOOKS, 0);
    }, waitMs);
  }
}
