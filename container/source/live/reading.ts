/** Where nothing came for so long, all has been read that had come. */
const COMING_MS = 20;
/** Of a source that sends all the time no more is read. */
const ENDING_MAX_MS = 250;

/** What has come over a connection by the time at which it is told to end. */
export class LastRead {
  readonly #ending: AbortSignal;
  /** Of what is being read now. */
  #onEnding: () => void = () => undefined;
  #endsAtMs: number | undefined;

  /** @param ending aborts when there is to be an end */
  constructor(ending: AbortSignal) {
    this.#ending = ending;
    // Once: a listener for each read would be a good part of what the read costs.
    ending.addEventListener('abort', () => this.#onEnding());
  }

  /** @returns undefined: it is to end, and nothing more has come */
  of<T>(reading: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      this.#onEnding = () => {
        // A process that was busy meanwhile has yet to look at what came.
        timer = setTimeout(() => setImmediate(() => resolve(undefined)), this.#leftMs());
      };
      if (this.#ending.aborted) this.#onEnding();
      const isRead = (): void => {
        clearTimeout(timer);
        this.#onEnding = () => undefined;
      };
      void reading.then(resolve, reject).then(isRead);
    });
  }

  #leftMs(): number {
    const nowMs = performance.now();
    this.#endsAtMs ??= nowMs + ENDING_MAX_MS;
    return Math.max(0, Math.min(COMING_MS, this.#endsAtMs - nowMs));
  }
}
