import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../functions/aws/stateStore.ts';
import { controlKey, stopKey } from '../functions/core/keys.ts';
import { controlSchema, stopSchema } from '../functions/core/state/objects.ts';

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
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

/** SIGTERM alone does not mean stop: Spot and host retirement send it too. What `stop.json` says decides. */
export async function stopCauseAfterSigterm(store: StateStore, recordingId: string): Promise<StopCause> {
  return (await isStopAsked(store, recordingId)) ? 'stopped' : 'interrupted';
}

export async function isStopAsked(store: StateStore, recordingId: string): Promise<boolean> {
  return (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
}

/** Looks for `stop.json` and new commands every 2 s, until it is told to end. S3's faults are logged and looked past. */
export async function watch(options: WatchOptions): Promise<void> {
  const { store, log, recordingId, stop, signal, everyMs = 2_000 } = options;
  let lastSequence: number | undefined;
  while (!signal.aborted) {
    try {
      const [asked, control] = await Promise.all([
        isStopAsked(store, recordingId),
        store.read(controlKey(recordingId), controlSchema),
      ]);
      if (asked) stop.ask('stopped');
      const sequence = Math.max(0, ...(control?.value.commands ?? []).map((command) => command.sequence));
      // What was asked before this attempt began has no part of its own to end.
      if (lastSequence !== undefined && sequence > lastSequence) options.onRotate();
      lastSequence = sequence;
    } catch (error) {
      log.warn('commands could not be read', error as Error);
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
