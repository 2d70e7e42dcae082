const WINDOW_MS = 30_000;

/**
 * Where the source is now, by the clock of the recorder: no sample comes before it was made. What comes in a burst after a
 * stall is behind the edge, and the first samples out of a server's cache are, too.
 */
export class LiveEdge {
  #windowFromMs: number | undefined;
  /** The least that a sample came after its own time, in ms, in the present window and in the one before. */
  #present = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;

  /** @param timeMs of a sample that is taken for true */
  see(timeMs: number, arrivedAtMs: number): void {
    this.#windowFromMs ??= arrivedAtMs;
    const sinceMs = arrivedAtMs - this.#windowFromMs;
    if (sinceMs >= WINDOW_MS) {
      this.#before = sinceMs < 2 * WINDOW_MS ? this.#present : Number.POSITIVE_INFINITY;
      this.#present = Number.POSITIVE_INFINITY;
      this.#windowFromMs = arrivedAtMs;
    }
    this.#present = Math.min(this.#present, arrivedAtMs - timeMs);
  }

  /** Time of the sample that could come now at the latest, in ms; minus infinity before there was one. */
  atMs(nowMs: number): number {
    return nowMs - Math.min(this.#present, this.#before);
  }
}
