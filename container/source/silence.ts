import type { Timers } from '../attempt/timers.ts';

/**
 * Notices that ffmpeg says nothing any more, whatever the protocol: a source can keep its connection and send nothing.
 * Waits from the first sign of life on, and anew after each one.
 */
export class Silence {
  #limitMs: number;
  readonly #onSilence: () => void;
  readonly #timers: Timers;
  #timer: NodeJS.Timeout | undefined;
  #isOver: boolean = false;

  constructor(limitMs: number, onSilence: () => void, timers: Timers = { setTimeout, clearTimeout }) {
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
    this.#timers = timers;
  }

  /** ffmpeg wrote something. */
  touch(): void {
    if (this.#isOver) return;
    if (this.#timer !== undefined) this.#timers.clearTimeout(this.#timer);
    this.#timer = this.#timers.setTimeout(() => {
      this.#isOver = true;
      this.#onSilence();
    }, this.#limitMs);
  }

  /** From the next sign of life on, so long. */
  allow(limitMs: number): void {
    this.#limitMs = limitMs;
  }

  /** Nobody listens any more. */
  end(): void {
    this.#isOver = true;
    if (this.#timer !== undefined) this.#timers.clearTimeout(this.#timer);
  }
}
