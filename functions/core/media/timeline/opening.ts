import type { TimelineOptions } from './timelineOptions.ts';

/** What was held back until the source was opened comes within so long after the first of it. */
const OPENING_MS = 500;

/** The beginning of a connection: what had come before the source was opened comes at once. */
export class Opening {
  readonly #options: TimelineOptions;
  #first: { readonly ms: number; readonly arrivedAtMs: number } | undefined;

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  /** A sample has come. */
  see(ms: number, arrivedAtMs: number): void {
    this.#first ??= { ms, arrivedAtMs };
  }

  /** A server sends what it has kept of one track after the other; what is stored lies as it was made. */
  isNow(nowMs: number): boolean {
    return this.#options.comesAsMade && this.#isWithin(nowMs);
  }

  /** Time of the last of what was held back, at most: it is as old as the connection. */
  untilMs(nowMs: number): number {
    const { connectedAtMs } = this.#options;
    if (this.#first === undefined || !this.#isWithin(nowMs) || connectedAtMs === undefined)
      return Number.NEGATIVE_INFINITY;
    return this.#first.ms + nowMs - connectedAtMs;
  }

  #isWithin(nowMs: number): boolean {
    return nowMs - (this.#first?.arrivedAtMs ?? nowMs) < OPENING_MS;
  }
}
