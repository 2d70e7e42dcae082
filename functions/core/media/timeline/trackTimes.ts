/** A track whose samples have one time runs ahead of it by this at most. */
const SPREAD_MAX_MS = 2_500;
/** Of what is spread because it steps back: the track falls back to its own time with each sample. */
const FALL_BACK = 0.25;
/** Times that differ by less are one time, counted in coarser units. */
const SAME_MS = 1;
const USUAL_MS = 40;
const USUAL_MIN_MS = 1;
const USUAL_MAX_MS = 5_000;
/** How much of what is known of a sample's length the next one changes; the first one, all of it. */
const LEARNED = 0.3;

/** Where one track is in the recording. Times in ms. */
export class TrackTimes {
  #usualMs = USUAL_MS;
  /** By the codec, by samples that came, or not yet. */
  #usualOf: 'codec' | 'samples' | undefined;
  #wantedMs = 0;
  #placedMs: number | undefined;
  #arrivedAtMs = 0;
  /** Samples since the wanted time has last grown. */
  #ofOneTime = 1;

  get hasBegun(): boolean {
    return this.#placedMs !== undefined;
  }

  /** When the next sample would be decoded. */
  get nextMs(): number {
    return (this.#placedMs ?? 0) + this.#usualMs;
  }

  /** What its samples have come to: those that are spread are ahead of it. */
  get reachedMs(): number {
    return Math.min(this.#wantedMs, this.#placedMs ?? 0);
  }

  /** How long nothing has come, beyond what a sample lasts. */
  awayMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#arrivedAtMs - this.#usualMs);
  }

  /** @param ms what a sample lasts, as the codec says */
  tellUsual(ms: number): void {
    if (!(ms >= USUAL_MIN_MS && ms <= USUAL_MAX_MS)) return;
    this.#usualMs = ms;
    this.#usualOf = 'codec';
  }

  /**
   * The track's next sample.
   * @param leastMs the least that it is decoded after the one before
   * @returns its time: the wanted one wherever that grows
   */
  place(wantedMs: number, leastMs: number, arrivedAtMs: number): number {
    const placedMs = this.#placeAfter(this.#placedMs, wantedMs, leastMs);
    this.#learn(wantedMs);
    this.#wantedMs = wantedMs;
    this.#placedMs = placedMs;
    this.#arrivedAtMs = arrivedAtMs;
    return placedMs;
  }

  #placeAfter(lastMs: number | undefined, wantedMs: number, leastMs: number): number {
    if (lastMs === undefined) return wantedMs;
    const isSame = Math.abs(wantedMs - this.#wantedMs) < SAME_MS;
    const fairMs = isSame ? wantedMs + this.#ofOneTime * this.#usualMs : wantedMs;
    const stepMs = lastMs - wantedMs > SPREAD_MAX_MS ? 0 : FALL_BACK * this.#usualMs;
    const earliestMs = lastMs + Math.max(leastMs, stepMs);
    return fairMs - wantedMs > SPREAD_MAX_MS ? earliestMs : Math.max(fairMs, earliestMs);
  }

  #learn(wantedMs: number): void {
    const grownMs = wantedMs - this.#wantedMs;
    if (this.#placedMs === undefined) return;
    if (Math.abs(grownMs) < SAME_MS) {
      this.#ofOneTime += 1;
      return;
    }
    const each = grownMs / this.#ofOneTime;
    this.#ofOneTime = 1;
    if (this.#usualOf === 'codec' || each < USUAL_MIN_MS || each > USUAL_MAX_MS) return;
    this.#usualMs += (this.#usualOf === undefined ? 1 : LEARNED) * (each - this.#usualMs);
    this.#usualOf = 'samples';
  }
}
