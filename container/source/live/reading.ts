import { SinkClosedError } from '../hls/sink.ts';

/** Where nothing came for so long, all has been read that had come. */
const COMING_MS = 20;
/** Of a source that sends all the time no more is read. */
const ENDING_MAX_MS = 250;

/** What is read, unless who it is for goes before. What is being read then is kept by the caller. @throws SinkClosedError */
export function unlessAborted<T>(reading: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new SinkClosedError());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    reading.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** What has come over a connection by the time at which it is told to end. */
export class LastRead {
  readonly #ending: AbortSignal;
  #endsAtMs: number | undefined;

  /** @param ending aborts when there is to be an end */
  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  /** @returns undefined: it is to end, and nothing more has come */
  of<T>(reading: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const onEnding = (): void => {
        // A process that was busy meanwhile has yet to look at what came.
        timer = setTimeout(() => setImmediate(() => resolve(undefined)), this.#leftMs());
      };
      if (this.#ending.aborted) onEnding();
      else this.#ending.addEventListener('abort', onEnding);
      reading.then(resolve, reject).finally(() => {
        clearTimeout(timer);
        this.#ending.removeEventListener('abort', onEnding);
      });
    });
  }

  #leftMs(): number {
    const nowMs = performance.now();
    this.#endsAtMs ??= nowMs + ENDING_MAX_MS;
    return Math.max(0, Math.min(COMING_MS, this.#endsAtMs - nowMs));
  }
}
