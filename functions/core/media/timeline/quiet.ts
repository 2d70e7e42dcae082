import type { TimelineOptions } from './timelineOptions.ts';

/** Networks and relays keep samples for as long: nothing is missing for that. */
export const GAP_MIN_MS = 1_000;
/** What is held back by the way comes after a pause, and is of before it. */
const QUIET_SAMPLES = 8;
/** What has come is given to the recorder by then, also on a machine that is busy. */
const GIVEN_WITHIN_MS = 5_000;

/** Of all tracks together, how long nothing came: remembered for some samples. */
export class Quiet {
  readonly #options: TimelineOptions;
  #ms = 0;
  #left = 0;

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  get ms(): number {
    return this.#ms;
  }

  /** How much of that is ffmpeg's, or the recorder's own: samples had come, and were not given to it. */
  stalledMs(nowMs: number): number {
    const { pausedMs } = this.#options;
    if (pausedMs === undefined || this.#ms < GAP_MIN_MS) return 0;
    return Math.max(0, this.#ms - pausedMs(nowMs - this.#ms - GIVEN_WITHIN_MS));
  }

  /** A sample has come. @param sinceMs since the one before, of any track */
  see(sinceMs: number): void {
    if (sinceMs < GAP_MIN_MS && this.#left === 0) this.#ms = 0;
    else if (sinceMs < GAP_MIN_MS) this.#left -= 1;
    else {
      this.#ms = sinceMs;
      this.#left = QUIET_SAMPLES;
    }
  }
}
