/** Between what the wall clock says and what the source's own time says; more, and the source has begun anew. */
const DRIFT_MAX_MS = 60_000;

/**
 * A source whose own time goes on when it is joined again, such as HLS: that time, and not the moment at which its
 * segments arrive, says where they belong. So what was missed while it was away follows without a gap.
 */
export class InputTimeline {
  #isJoined: boolean = false;
  #lastZeroAtMs: number | undefined;
  #goesOn: boolean = false;

  /** ffmpeg's present run goes on where an earlier one was. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** ffmpeg begins. */
  begin(): void {
    this.#isJoined = false;
    this.#goesOn = false;
  }

  /** The present run's media time is the source's own. */
  join(): void {
    this.#isJoined = true;
  }

  /** Wall clock of the present run's media time zero. @param byClock what it is by the clock alone */
  zeroAtMs(byClock: number): number {
    if (!this.#isJoined) return byClock;
    const byTimeline = this.#lastZeroAtMs;
    this.#goesOn = byTimeline !== undefined && Math.abs(byTimeline - byClock) < DRIFT_MAX_MS;
    this.#lastZeroAtMs = this.#goesOn ? byTimeline : byClock;
    return this.#lastZeroAtMs as number;
  }
}
