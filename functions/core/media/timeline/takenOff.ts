/** What is taken off the times of sound as it is encoded, since an encoder cannot follow a clock that jumps. */
export interface TakenOff {
  /** By the times that come out, in ms; until the next such time. */
  readonly fromMs: number;
  /** In all, in ms; negative: the source's clock has jumped back. */
  readonly ms: number;
  /** Sound has changed, and what was taken off before is not any more: the times that come out jump there. */
  readonly isAnew?: true;
}

/** An encoder's frames lie across a jump. */
const HALF_A_FRAME_MS = 12;

/** What was taken off each of the samples that come out of the encoder. */
export class GivenBack {
  readonly #all: readonly TakenOff[];
  #next = 0;
  #lastMs: number | undefined;

  /** @param all in order; it grows */
  constructor(all: readonly TakenOff[]) {
    this.#all = all;
  }

  /** What is to be given back to the next sample, in ms. Give it each one in order. @param timeMs as it came out */
  next(timeMs: number): number {
    for (let one = this.#all[this.#next]; one !== undefined; one = this.#all[this.#next]) {
      if (!this.#hasCome(one, timeMs)) break;
      this.#next += 1;
    }
    this.#lastMs = timeMs;
    return this.#ms;
  }

  get #ms(): number {
    return this.#all[this.#next - 1]?.ms ?? 0;
  }

  #hasCome({ fromMs, isAnew }: TakenOff, timeMs: number): boolean {
    if (isAnew !== true) return fromMs <= timeMs + HALF_A_FRAME_MS;
    // It is told before what came in front of it has come out, which may be later by its time.
    return this.#ms === 0 || Math.abs(timeMs - fromMs) < Math.abs(timeMs - (this.#lastMs ?? 0));
  }
}
