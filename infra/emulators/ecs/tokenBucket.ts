/** How often something may be done: `burst` times at once, `perSecond` times a second for long. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** AWS's own way of limiting calls. */
export class TokenBucket {
  readonly #now: () => Date;
  #tokens = Number.POSITIVE_INFINITY;
  #lookedAtMs = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** @returns whether it may be done now */
  take({ burst, perSecond }: Rate): boolean {
    const nowMs = this.#now().getTime();
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#lookedAtMs) / 1000) * perSecond);
    this.#lookedAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
