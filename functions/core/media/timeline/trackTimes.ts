/** A track whose samples have one time runs ahead of it by this at most. */
export const SPREAD_MAX_MS = 2_500;
/** Of what is spread because it steps back: the track falls back to its own time with each sample. */
const FALL_BACK = 0.25;
/** Times that differ by less are one time, counted in coarser units. */
export const SAME_MS = 1;
/** ffmpeg and what is on the way hold back so many samples until others come: a pause shows before the last ones. */
export const HELD_SAMPLES = 3;
const USUAL_MS = 40;
const USUAL_MIN_MS = 1;
const USUAL_MAX_MS = 5_000;
/** Longer ones are those of a time lapse, which the clock must have gone by: times alone may have jumped. */
const LAPSE_MAX_MS = 300_000;
/** What a sample usually lasts is the middle one of so many: a pause is no length. */
const LENGTHS_KEPT = 5;

/** Where one track is in the recording. Times in ms. */
export class TrackTimes {
  #usualMs = USUAL_MS;
  #isUsualKnown: boolean = false;
  /** The latest first, as many as are known by now. */
  readonly #lengthsMs = new Float64Array(LENGTHS_KEPT);
  #lengths = 0;
  #wantedMs = 0;
  /** The last one that its own time said. */
  #ownMs = 0;
  #placedMs: number | undefined;
  #reachedBeforeMs = 0;
  #arrivedAtMs = 0;
  /** Before each of the latest samples, the latest first: how long nothing had come, but for what its time has grown by. */
  readonly #pausesMs: Float64Array;
  /** Samples since their own time has last grown. */
  #ofOneTime = 1;

  /** @param heldSamples so many may be held back until others come */
  constructor(heldSamples = HELD_SAMPLES) {
    this.#pausesMs = new Float64Array(heldSamples);
  }

  get hasBegun(): boolean {
    return this.#placedMs !== undefined;
  }

  /** What a sample lasts. */
  get usualMs(): number {
    return this.#usualMs;
  }

  /** The codec says so. */
  get isUsualKnown(): boolean {
    return this.#isUsualKnown;
  }

  /** The first length alone may be that of several: what is read begins within those of one time. */
  get isGuess(): boolean {
    return this.#lengths <= 1 && !this.#isUsualKnown;
  }

  /** When its last sample is decoded. */
  get placedMs(): number {
    return this.#placedMs ?? 0;
  }

  /** When the next sample would be decoded. */
  get nextMs(): number {
    return this.placedMs + this.#usualMs;
  }

  /** What its samples have come to: those that are spread are ahead of it. */
  get reachedMs(): number {
    return Math.min(this.#wantedMs, this.#placedMs ?? 0);
  }

  /** What they had come to before the last one. */
  get reachedBeforeMs(): number {
    return this.#reachedBeforeMs;
  }

  /** How long nothing has come, or nothing but what had been held back, beyond what a sample lasts. */
  awayMs(nowMs: number): number {
    let awayMs = Math.max(0, nowMs - this.#arrivedAtMs - this.#usualMs);
    // Asked for each sample of all tracks: a spread would make an array each time.
    for (let held = 0; held < this.#pausesMs.length; held++)
      awayMs = Math.max(awayMs, this.#pausesMs[held] ?? 0);
    return awayMs;
  }

  /** Whether it is when the next sample would be decoded, or as good as that. */
  isNext(timeMs: number): boolean {
    return Math.abs(timeMs - this.nextMs) < this.#usualMs / 2;
  }

  /** Whether what comes after a pause is what was to come before it: it had been held back. */
  isHeldBack(timeMs: number, nowMs: number): boolean {
    // By chance, what is new may seem to be next: no more samples than are held.
    return this.isNext(timeMs) && this.awayMs(nowMs) > (this.#pausesMs.at(-1) ?? 0);
  }

  /** @param ms what a sample lasts, as the codec says */
  tellUsual(ms: number): void {
    if (!(ms >= USUAL_MIN_MS && ms <= USUAL_MAX_MS)) return;
    this.#usualMs = ms;
    this.#isUsualKnown = true;
  }

  /**
   * The track's next sample.
   * @param leastMs the least that it is decoded after the one before
   * @param isOwn by its own time, which is another one than that of the sample before, or the same; not by its arrival
   * @returns its time: the wanted one wherever that grows
   */
  place(wantedMs: number, leastMs: number, arrivedAtMs: number, isOwn = true): number {
    const placedMs = isOwn
      ? this.#placeAfter(this.#placedMs, wantedMs, leastMs)
      : Math.max(wantedMs, this.placedMs + leastMs);
    if (isOwn) this.#learn(wantedMs, arrivedAtMs);
    else this.#ofOneTime += 1;
    const grownMs = placedMs - (this.#placedMs ?? placedMs);
    const pauseMs = this.#placedMs === undefined ? 0 : arrivedAtMs - this.#arrivedAtMs - grownMs;
    shiftIn(this.#pausesMs, pauseMs);
    this.#reachedBeforeMs = this.hasBegun ? this.reachedMs : wantedMs;
    this.#wantedMs = wantedMs;
    this.#placedMs = placedMs;
    this.#arrivedAtMs = arrivedAtMs;
    return placedMs;
  }

  #placeAfter(lastMs: number | undefined, wantedMs: number, leastMs: number): number {
    if (lastMs === undefined) return wantedMs;
    const isSame = Math.abs(wantedMs - this.#ownMs) < SAME_MS;
    if (!isSame && wantedMs >= lastMs + leastMs) return wantedMs;
    const eachMs = this.isGuess ? Math.min(USUAL_MS, this.#usualMs) : this.#usualMs;
    const fairMs = isSame ? wantedMs + this.#ofOneTime * eachMs : wantedMs;
    const stepMs = lastMs - wantedMs > SPREAD_MAX_MS ? 0 : FALL_BACK * eachMs;
    const earliestMs = lastMs + Math.max(leastMs, stepMs);
    return fairMs - wantedMs > SPREAD_MAX_MS ? earliestMs : Math.max(fairMs, earliestMs);
  }

  #learn(wantedMs: number, arrivedAtMs: number): void {
    const grownMs = wantedMs - this.#ownMs;
    this.#ownMs = wantedMs;
    if (this.#placedMs === undefined) return;
    if (Math.abs(grownMs) < SAME_MS) {
      this.#ofOneTime += 1;
      return;
    }
    const each = grownMs / this.#ofOneTime;
    this.#ofOneTime = 1;
    const longestMs = Math.max(USUAL_MAX_MS, Math.min(LAPSE_MAX_MS, 2 * (arrivedAtMs - this.#arrivedAtMs)));
    if (this.#isUsualKnown || each < USUAL_MIN_MS || each > longestMs) return;
    shiftIn(this.#lengthsMs, each);
    this.#lengths = Math.min(LENGTHS_KEPT, this.#lengths + 1);
    this.#usualMs = middleOf(this.#lengthsMs, this.#lengths) ?? this.#usualMs;
  }
}

/** Comes in front; the last one falls out. Of so few values: `copyWithin` and `unshift` leave compiled code. */
function shiftIn(values: Float64Array, first: number): void {
  for (let place = values.length - 1; place > 0; place--) values[place] = values[place - 1] ?? 0;
  values[0] = first;
}

/** The one in the middle by size, of two the smaller, among the first few: without a sorted copy for each sample. */
function middleOf(values: Float64Array, count: number): number | undefined {
  const place = Math.floor((count - 1) / 2);
  for (let at = 0; at < count; at++) {
    const value = values[at] ?? 0;
    let smaller = 0;
    let same = 0;
    for (let beside = 0; beside < count; beside++) {
      const other = values[beside] ?? 0;
      if (other < value) smaller += 1;
      else if (other === value) same += 1;
    }
    if (smaller <= place && place < smaller + same) return value;
  }
  return undefined;
}
