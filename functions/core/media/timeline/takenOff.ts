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

/** Less of an encoder's last frame lies behind the end of what it encodes. */
const BEHIND_THE_END_MS = 30;

/** What was taken off each of the samples that come out of the encoder. */
export class GivenBack {
  readonly #all: readonly TakenOff[];
  #next = 0;
  #lastMs: number | undefined;

  /** @param all in order; it grows */
  constructor(all: readonly TakenOff[]) {
    this.#all = all;
  }

  /** What is given back at present, in ms: as much as to the last sample of which that is known. */
  get ms(): number {
    return this.#all[this.#next - 1]?.ms ?? 0;
  }

  /**
   * What is to be given back to the next sample, in ms. Give it each one in order.
   * @param timeMs as it came out
   * @returns undefined: what follows tells; it is as much as for that, or `ms`, where nothing follows
   */
  next(timeMs: number): number | undefined {
    let isKnown = true;
    for (let one = this.#all[this.#next]; one !== undefined; one = this.#all[this.#next]) {
      if (!this.#hasCome(one, timeMs)) break;
      isKnown = this.#isJump(one, timeMs);
      if (!isKnown) break;
      this.#next += 1;
    }
    this.#lastMs = timeMs;
    return isKnown ? this.ms : undefined;
  }

  #hasCome({ fromMs, isAnew }: TakenOff, timeMs: number): boolean {
    if (isAnew !== true) return fromMs <= timeMs + HALF_A_FRAME_MS;
    // It is told before what came in front of it has come out, which may be later by its time.
    return this.ms === 0 || Math.abs(timeMs - fromMs) < Math.abs(timeMs - (this.#lastMs ?? 0));
  }

  /** ffmpeg 5.1 tells the end of its input as one, in the unit of the input's times: nothing is behind that. */
  #isJump(one: TakenOff, timeMs: number): boolean {
    return one.isAnew === true || one !== this.#all.at(-1) || timeMs >= one.fromMs + BEHIND_THE_END_MS;
  }
}
