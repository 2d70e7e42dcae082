/** How what ffmpeg reads now joins what it read before. */
export type TimelineSeam =
  /** Its times go on where those before were. */
  | { readonly kind: 'sameTimeline' }
  /** It has times of its own, and comes so long after the end of what is recorded. */
  | { readonly kind: 'newTimeline'; readonly gapMs: number };

/** MPEG-TS counts its time modulo this: a day and two hours and a half. */
const WRAP_MS = 2 ** 33 / 90;

/**
 * A source whose own time is known when it is joined again, such as HLS: that time, and not the moment at which its
 * segments arrive, says where they belong. So what was missed while it was away follows without a gap.
 */
export class InputTimeline {
  #seam: TimelineSeam | undefined;
  #lastZeroAtMs: number | undefined;
  #goesOn: boolean = false;

  /** ffmpeg's present run goes on where an earlier one was: some of it may come again. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** The source itself says how long nothing came: no time at all may be true. By the clock alone something is missing. */
  get saysWhatIsMissing(): boolean {
    return this.#seam !== undefined;
  }

  /** ffmpeg begins. */
  begin(): void {
    this.#seam = undefined;
    this.#goesOn = false;
  }

  /** The present run's media time is the source's own. */
  join(seam: TimelineSeam): void {
    this.#seam = seam;
  }

  /**
   * Wall clock of the present run's media time zero.
   * @param byClock what it is by the clock alone
   * @param firstMs when the run's first frame is shown, in its own time
   * @param endAtMs wall clock until which is recorded; undefined: nothing is
   */
  zeroAtMs(byClock: number, firstMs: number, endAtMs: number | undefined): number {
    if (this.#seam === undefined) return byClock;
    this.#lastZeroAtMs = this.#bySource(this.#seam, firstMs, endAtMs) ?? byClock;
    return this.#lastZeroAtMs;
  }

  #bySource(seam: TimelineSeam, firstMs: number, endAtMs: number | undefined): number | undefined {
    if (endAtMs === undefined) return undefined;
    if (seam.kind === 'newTimeline') return endAtMs + seam.gapMs - firstMs;
    const zeroAtMs = this.#lastZeroAtMs;
    if (zeroAtMs === undefined) return undefined;
    this.#goesOn = true;
    return zeroAtMs + Math.round((endAtMs - zeroAtMs - firstMs) / WRAP_MS) * WRAP_MS;
  }
}
