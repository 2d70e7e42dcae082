/** Between what the wall clock says and what the source's own time says; more, and the source has begun anew. */
const DRIFT_MAX_MS = 60_000;

/**
 * A source whose own time goes on when it is joined again, such as HLS: that time, and not the moment at which its
 * segments arrive, says where they belong. So what was missed while it was away follows without a gap.
 */
export class InputTimeline {
  #joinedAtMs: number | undefined;
  #last: { readonly startMs: number; readonly zeroAtMs: number } | undefined;
  #goesOn: boolean = false;

  /** ffmpeg's present run goes on where an earlier one was. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /** ffmpeg begins. */
  begin(): void {
    this.#joinedAtMs = undefined;
    this.#goesOn = false;
  }

  /** @param startMs the source's own time at which ffmpeg's present run has joined it */
  join(startMs: number): void {
    this.#joinedAtMs = startMs;
  }

  /** Wall clock of the present run's media time zero. @param byClock what it is by the clock alone */
  zeroAtMs(byClock: number): number {
    const startMs = this.#joinedAtMs;
    if (startMs === undefined) return byClock;
    const byTimeline =
      this.#last === undefined ? undefined : this.#last.zeroAtMs + startMs - this.#last.startMs;
    this.#goesOn = byTimeline !== undefined && Math.abs(byTimeline - byClock) < DRIFT_MAX_MS;
    const zeroAtMs = this.#goesOn ? (byTimeline as number) : byClock;
    this.#last = { startMs, zeroAtMs };
    return zeroAtMs;
  }
}
