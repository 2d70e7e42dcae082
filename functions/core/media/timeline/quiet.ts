/** Networks and relays keep samples for as long: nothing is missing for that. */
export const GAP_MIN_MS = 1_000;
/** What is held back by the way comes after a pause, and is of before it. */
const QUIET_SAMPLES = 8;

/** Of all tracks together, how long nothing came: remembered for some samples. */
export class Quiet {
  #ms = 0;
  #left = 0;

  get ms(): number {
    return this.#ms;
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
