import { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
import type { EventBridgeEvent } from '../emulators/events/server.ts';
import type { Invocation } from './lambda/functions.ts';

export interface OnRecordHookOptions {
  /** Calls the function that runs the script, as EventBridge does. */
  readonly invoke: (event: EventBridgeEvent) => Promise<Invocation>;
  /** Told of an event that was given up. */
  readonly onGivenUp: (event: EventBridgeEvent, error: string) => void;
}

/** Lambda, too, calls a function that failed two times more. */
const TRIES = 3;

/**
 * EventBridge's rule for the on-record script, on this machine: one record after the other, each once, however often it
 * is announced.
 */
export class OnRecordHook {
  readonly #options: OnRecordHookOptions;
  readonly #seen = new Set<unknown>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: OnRecordHookOptions) {
    this.#options = options;
  }

  /** Takes Record Available; all else is left alone. */
  onEvent(event: EventBridgeEvent): void {
    if (event.source !== EVENT_SOURCE || event['detail-type'] !== EVENT_TYPES.recordAvailable) return;
    if (this.#seen.has(event.detail.id)) return;
    this.#seen.add(event.detail.id);
    this.#last = this.#last.then(() => this.#deliver(event));
  }

  /** Settles when all scripts have ended, of all records so far. */
  async idle(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await this.#last;
    }
  }

  async #deliver(event: EventBridgeEvent): Promise<void> {
    let failure = '';
    for (let tries = 1; tries <= TRIES; tries++) {
      const invocation = await this.#options.invoke(event);
      if (invocation.ok) return;
      failure = `${invocation.errorType}: ${invocation.errorMessage}`;
    }
    this.#options.onGivenUp(event, failure);
  }
}
