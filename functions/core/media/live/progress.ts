/** Larger steps of a track's time are jumps. */
const STEP_MAX_MS = 5_000;
/**
 * Times jitter, and where no decoding times are said pictures are sent in another order than they are shown. What steps back
 * further has begun anew: a demuxer counts on from where it was.
 */
const BACK_MAX_MS = 200;
/** A track that begins so far from the others has a clock of its own. */
const SAME_CLOCK_MS = 30_000;

interface Place {
  /** By the track's own clock. */
  readonly timeMs: number;
  readonly atMs: number;
}

/** How much of a live stream has come: its tracks may have clocks of their own, and those may jump. */
export class Progress {
  #nowMs = 0;
  #samples = 0;
  readonly #last = new Map<number | string, Place>();
  /** Of any track. */
  #latest: Place | undefined;

  /** In ms since its beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** So many samples have come. */
  get samples(): number {
    return this.#samples;
  }

  /**
   * Something has come.
   * @param timeMs by its track's own clock
   * @param isSample of what is none, servers may say that it was at the stream's beginning
   */
  see(track: number | string, timeMs: number, isSample = true): void {
    const own = this.#last.get(track);
    const { timeMs: fromMs, atMs: before } = own ?? this.#latest ?? { timeMs, atMs: this.#nowMs };
    const stepMs = timeMs - fromMs;
    const isStep =
      own === undefined ? Math.abs(stepMs) < SAME_CLOCK_MS : stepMs < STEP_MAX_MS && stepMs > -BACK_MAX_MS;
    const atMs = isStep ? before + stepMs : this.#nowMs;
    if (isSample) {
      this.#samples += 1;
      this.#latest = { timeMs, atMs };
      this.#last.set(track, this.#latest);
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }
}
