import { setTimeout as delay } from 'node:timers/promises';
import type { Invocation } from './lambda/functions.ts';

export interface AsyncInvokerOptions {
  readonly invoke: (name: string, event: unknown) => Promise<Invocation>;
  /** Told when an event was given up. */
  readonly onGivenUp: (name: string, error: string) => void;
  /** Waits before the second, third, … try. Lambda's own are a minute and two; nobody waits so long on one machine. */
  readonly retryDelaysMs?: readonly number[];
}

/** Invokes functions as EventBridge does: nobody waits for the answer, and what fails is tried again. */
export class AsyncInvoker {
  readonly #options: AsyncInvokerOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: AsyncInvokerOptions) {
    this.#options = options;
  }

  send(name: string, event: unknown): void {
    if (this.#closing.signal.aborted) return;
    const run = this.#deliver(name, event).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Sends the event again and again, until it is closed. */
  every(ms: number, name: string, event: () => unknown): void {
    const timer = setInterval(() => this.send(name, event()), ms);
    this.#closing.signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Settles when no function runs any more; what was to be tried again is not. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  async #deliver(name: string, event: unknown): Promise<void> {
    const { invoke, onGivenUp, retryDelaysMs = [1_000, 5_000] } = this.#options;
    let failure = 'the runtime is closing';
    for (const waitMs of [0, ...retryDelaysMs]) {
      if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) break;
      const answer = await invoke(name, event);
      if (answer.ok) return;
      failure = `${answer.errorType}: ${answer.errorMessage}`;
    }
    onGivenUp(name, failure);
  }
}
