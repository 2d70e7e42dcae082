/** Breaks with clips of their own change sizes a dozen times in ten minutes; who changes all the time fills S3 with files. */
const CHANGES_MAX = 100;
const WITHIN_MS = 10 * 60_000;

/** Parts that began because the source had changed what it sends. */
export class Changes {
  readonly #atMs: number[] = [];

  /** @returns whether there have been too many */
  add(nowMs: number): boolean {
    this.#atMs.push(nowMs);
    if (this.#atMs.length <= CHANGES_MAX) return false;
    const oldest = this.#atMs.shift() ?? nowMs;
    return nowMs - oldest < WITHIN_MS;
  }
}
