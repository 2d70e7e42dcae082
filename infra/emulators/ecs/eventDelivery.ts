import { setImmediate as nextTurn } from 'node:timers/promises';

/** Hands events to a handler, in order when they are due at once, later when they are delayed. */
export class EventDelivery<Event> {
  readonly #handle: (event: Event) => void | Promise<void>;
  readonly #onDefect: (error: unknown) => void;
  readonly #delayed = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();

  constructor(handle: (event: Event) => void | Promise<void>, onDefect: (error: unknown) => void) {
    this.#handle = handle;
    this.#onDefect = onDefect;
  }

  /** @param delaysMs one delivery for each; 0 means after what runs now */
  send(event: Event, delaysMs: readonly number[]): void {
    for (const delayMs of delaysMs) {
      if (delayMs === 0) {
        this.#start(event);
        continue;
      }
      const timer = setTimeout(() => {
        this.#delayed.delete(timer);
        this.#start(event);
      }, delayMs);
      this.#delayed.add(timer);
    }
  }

  /** Drops what is delayed; settles when the handler is done with all the rest. */
  async close(): Promise<void> {
    for (const timer of this.#delayed) clearTimeout(timer);
    this.#delayed.clear();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(event: Event): void {
    const run = nextTurn()
      .then(() => this.#handle(event))
      .catch(this.#onDefect)
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }
}
