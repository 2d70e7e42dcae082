/** The header has whole seconds: what is less than that apart is no difference. */
const SAME_MS = 2_000;

/** The API's clock, as its answers tell it: the caller's own may be wrong by a day. */
export class ServerClock {
  #offsetMs = 0;

  /** Told of every answer. */
  note(answer: Response): void {
    const offsetMs = Date.parse(answer.headers.get('date') ?? '') - Date.now();
    if (Number.isFinite(offsetMs)) this.#offsetMs = Math.abs(offsetMs) < SAME_MS ? 0 : offsetMs;
  }

  /** Against the caller's own. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Epoch milliseconds. */
  nowMs(): number {
    return Date.now() + this.#offsetMs;
  }
}
