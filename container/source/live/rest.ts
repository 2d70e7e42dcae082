/** Pauses between reads, one after the other, which a signal cuts short: it is listened to once, and not in each pause. */
export class Rest {
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #resume: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      this.#resume();
    });
  }

  for(ms: number): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#timer = setTimeout(resolve, ms);
    });
  }
}
