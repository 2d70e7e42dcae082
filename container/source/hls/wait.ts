import { setTimeout as delay } from 'node:timers/promises';

/** Waits so long, or until that has settled. @throws what the signal is aborted with */
export async function orUntil(settled: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  const isOver = new AbortController();
  const wait = delay(ms, undefined, { signal: AbortSignal.any([signal, isOver.signal]) });
  // One that is over before its time has not failed.
  await Promise.race([settled, wait.catch(() => undefined)]);
  isOver.abort();
  signal.throwIfAborted();
}

/** Aborts with any of some signals, until it is released: what was opened meanwhile outlives the wait for it. */
export class Wait {
  readonly #own = new AbortController();
  readonly #signals: readonly AbortSignal[];
  readonly #onAbort = (event: Event): void => this.#own.abort((event.target as AbortSignal).reason);

  constructor(signals: readonly AbortSignal[]) {
    this.#signals = signals;
    for (const signal of signals) signal.addEventListener('abort', this.#onAbort);
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) this.#own.abort(aborted.reason);
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  release(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort);
  }
}

/**
 * Waits for what is opened, until a signal gives that up.
 * @param life aborts what was opened, too
 */
export async function waiting<T>(
  signal: AbortSignal,
  life: AbortSignal,
  open: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const wait = new Wait([signal]);
  try {
    return await open(AbortSignal.any([wait.signal, life]));
  } finally {
    wait.release();
  }
}
