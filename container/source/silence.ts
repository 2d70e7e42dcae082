import { AwakeTimer, type TimersWithClock } from '../attempt/awakeTimer.ts';

/**
 * Notices that ffmpeg says nothing any more, whatever the protocol: a source can keep its connection and send nothing.
 * Waits from the first sign of life on, and anew after each one.
 */
export class Silence {
  #limitMs: number;
  readonly #onSilence: () => void;
  readonly #timers: TimersWithClock | undefined;
  #timer: AwakeTimer | undefined;
  #isOver: boolean = false;

  constructor(limitMs: number, onSilence: () => void, timers?: TimersWithClock) {
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
    this.#timers = timers;
  }

  /** ffmpeg wrote something. */
  touch(): void {
    if (this.#isOver) return;
    this.#timer?.clear();
    const onSilence = (): void => {
      this.#isOver = true;
      this.#onSilence();
    };
    this.#timer = new AwakeTimer(onSilence, this.#limitMs, this.#timers);
  }

  /** From the next sign of life on, so long. */
  allow(limitMs: number): void {
    this.#limitMs = limitMs;
  }

  /** Nobody listens any more. */
  end(): void {
    this.#isOver = true;
    this.#timer?.clear();
  }
}
