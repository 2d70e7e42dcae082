import type { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import { controlKey, stopKey } from '../../functions/core/state/keys.ts';
import { controlSchema, stopSchema } from '../../functions/core/state/objects.ts';

/** The settings that end a recording by themselves. */
export type Limit = 'maxDurationMs' | 'maxBytes';

/** Why the recorder is to end: somebody stopped the recording, a limit is met, or the task alone is taken away. */
export type StopCause = 'stopped' | Limit | 'interrupted';

/** The one place that knows whether, why and since when the recorder is to end. The first cause stays. */
export class StopRequest {
  readonly #controller = new AbortController();
  #cause: StopCause | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get cause(): StopCause | undefined {
    return this.#cause;
  }

  ask(cause: StopCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#controller.abort();
  }
}

export interface WatchOptions {
  readonly store: StateStore;
  readonly log: Logger;
  readonly recordingId: string;
  readonly stop: StopRequest;
  readonly onRotate: () => void;
}

/** SIGTERM alone does not mean stop: Spot and host retirement send it too. What `stop.json` says decides. */
export async function stopCauseAfterSigterm(store: StateStore, recordingId: string): Promise<StopCause> {
  return (await isStopAsked(store, recordingId)) ? 'stopped' : 'interrupted';
}

export async function isStopAsked(store: StateStore, recordingId: string): Promise<boolean> {
  return (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
}

/**
 * Looks by turns for `stop.json`, which SIGTERM tells of sooner, and for new commands, which wait for a keyframe anyway.
 * Each look costs the recorder CPU. S3's faults are logged and looked past.
 */
export class Watch {
  readonly #options: WatchOptions;
  #looks = 0;
  #lastSequence: number | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { store, log, recordingId, stop } = this.#options;
    this.#looks += 1;
    try {
      if (this.#looks % 2 === 1) await this.#lookForCommands();
      else if (await isStopAsked(store, recordingId)) stop.ask('stopped');
    } catch (error) {
      log.warn('commands could not be read', error as Error);
    }
  }

  async #lookForCommands(): Promise<void> {
    const { store, recordingId, onRotate } = this.#options;
    const control = await store.read(controlKey(recordingId), controlSchema);
    const sequence = Math.max(0, ...(control?.value.commands ?? []).map((command) => command.sequence));
    // What was asked before this attempt began has no part of its own to end.
    if (this.#lastSequence !== undefined && sequence > this.#lastSequence) onRotate();
    this.#lastSequence = sequence;
  }
}
