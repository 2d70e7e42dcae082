/** How what ffmpeg reads now joins what it read before. */
export type TimelineSeam =
  /** The same connection goes on: nothing comes twice, and nothing is missing. */
  | { readonly kind: 'sameConnection' }
  /** Its times go on where those before were, with what has not come yet. */
  | { readonly kind: 'sameTimeline' }
  /** So do they, and it begins with what has come already, some of which may not have been recorded. */
  | { readonly kind: 'again' }
  /** It has times of its own, and comes so long after the end of what is recorded. */
  | { readonly kind: 'newTimeline'; readonly gapMs: number };

/** How a run joins what is recorded. By the clock alone something is missing, even where no time is. */
export type RunJoin = 'byClock' | 'bySource' | 'seamless';

/** MPEG-TS counts its time modulo this: a day and two hours and a half. */
const WRAP_MS = 2 ** 33 / 90;

/**
 * A source whose own time is known when it is joined again, such as HLS: that time, and not the moment at which its
 * segments arrive, says where they belong. So what was missed while it was away follows without a gap.
 */
export class InputTimeline {
  #seam: TimelineSeam | undefined;
  #takenOffMs = 0;
  /** Of the source's own time. */
  #lastZeroAtMs: number | undefined;

  /** ffmpeg's present run goes on where an earlier one was, and some of that may come again. */
  get mayRepeat(): boolean {
    return this.#seam?.kind === 'again' && this.#lastZeroAtMs !== undefined;
  }

  /** ffmpeg's present run has times of its own, which are put behind what is recorded. */
  get isNew(): boolean {
    return this.#seam?.kind === 'newTimeline';
  }

  get isSameConnection(): boolean {
    return this.#seam?.kind === 'sameConnection';
  }

  /** The source itself may say how long nothing came: no time at all may be true. */
  get joins(): RunJoin {
    if (this.#seam === undefined) return 'byClock';
    return this.isSameConnection ? 'seamless' : 'bySource';
  }

  /**
   * ffmpeg begins.
   * @param seam where the run's media time is the source's own
   * @param takenOffMs it is less than that by so much
   * @param jumpedMs what was added to the times of the run before in the end, since the source's clock had jumped within it
   */
  begin(seam?: TimelineSeam, takenOffMs = 0, jumpedMs = 0): void {
    this.#seam = seam;
    if (this.#lastZeroAtMs !== undefined && !this.isSameConnection) this.#lastZeroAtMs += jumpedMs;
    this.#takenOffMs = takenOffMs;
  }

  /**
   * Wall clock of the present run's media time zero.
   * @param byClock what it is where the source says nothing
   * @param firstMs when the run's first frame is shown, in its own time
   * @param endAtMs wall clock until which is recorded; undefined: nothing is
   * @param knownAtMs what it is by what has come again; undefined: nothing has
   */
  zeroAtMs(byClock: number, firstMs: number, endAtMs: number | undefined, knownAtMs?: number): number {
    const seam = this.#seam;
    const isKnown = seam?.kind === 'again' && knownAtMs !== undefined;
    const bySource = seam && this.#bySource(seam, firstMs + this.#takenOffMs, endAtMs);
    this.#lastZeroAtMs = (isKnown ? undefined : bySource) ?? (knownAtMs ?? byClock) - this.#takenOffMs;
    return this.#lastZeroAtMs + this.#takenOffMs;
  }

  /** The present run is so much later in the record than the source's own time has it. */
  move(byMs: number): void {
    if (this.#lastZeroAtMs !== undefined) this.#lastZeroAtMs += byMs;
  }

  #bySource(seam: TimelineSeam, firstMs: number, endAtMs: number | undefined): number | undefined {
    if (endAtMs === undefined) return undefined;
    if (seam.kind === 'newTimeline') return endAtMs + seam.gapMs - firstMs;
    const zeroAtMs = this.#lastZeroAtMs;
    if (zeroAtMs === undefined || seam.kind === 'sameConnection') return zeroAtMs;
    return zeroAtMs + Math.round((endAtMs - zeroAtMs - firstMs) / WRAP_MS) * WRAP_MS;
  }
}
