import type { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import { controlKey, stopKey } from '../../functions/core/state/keys.ts';
import { type Control, controlSchema, stopSchema } from '../../functions/core/state/objects.ts';
import type { Timers } from './timers.ts';

/** What ends a recording by itself: its settings, and a source that changes without end. */
export type Limit = 'maxDurationMs' | 'maxBytes' | 'changes';

/**
 * Why the recorder is to end: somebody stopped the recording, a limit is met, or the task alone is taken away, with or
 * without another one that records by now.
 */
export type StopCause = 'stopped' | Limit | 'interrupted' | 'handedOver';

/** The one place that knows whether, why and since when the recorder is to end. The first cause stays. */
export class StopRequest {
  readonly #controller = new AbortController();
  #cause: StopCause | undefined;
  #overlapMs: number | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get cause(): StopCause | undefined {
    return this.#cause;
  }

  /** For how long another one had recorded as well; where this one was handed over. */
  get overlapMs(): number | undefined {
    return this.#overlapMs;
  }

  ask(cause: StopCause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#controller.abort();
  }

  /** The task is taken away. @param overlapMs undefined where no other one records yet */
  interrupt(overlapMs: number | undefined): void {
    if (this.#cause === undefined) this.#overlapMs = overlapMs;
    this.ask(overlapMs === undefined ? 'interrupted' : 'handedOver');
  }
}

export interface WatchOptions {
  readonly store: StateStore;
  readonly log: Logger;
  readonly recordingId: string;
  readonly stop: StopRequest;
  /** Of the last command that came before the attempt: it has no part of this one to end. */
  readonly lastSequence: number;
  readonly onRotate: () => void;
  /** Somebody asked for the list by which it is watched; told again and again. */
  readonly onWatched: (atMs: number) => void;
}

/** Then the recorder ends in any case; and whoever settles it looks for a stop as well. */
const STOP_READ_MS = 10_000;

/**
 * SIGTERM alone does not mean stop: Spot and host retirement send it too. What `stop.json` says decides; while S3 is away
 * nobody waits for it for long.
 */
export async function stopCauseAfterSigterm(
  store: StateStore,
  recordingId: string,
  timers: Timers = { setTimeout, clearTimeout },
): Promise<StopCause> {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = timers.setTimeout(() => resolve(false), STOP_READ_MS);
  try {
    return (await Promise.race([isStopAsked(store, recordingId), tooLate])) ? 'stopped' : 'interrupted';
  } finally {
    timers.clearTimeout(timer);
  }
}

export async function isStopAsked(store: StateStore, recordingId: string): Promise<boolean> {
  return (await store.read(stopKey(recordingId), stopSchema)) !== undefined;
}

/** What was said to whoever records. */
export async function readControl(store: StateStore, recordingId: string): Promise<Control | undefined> {
  return (await store.read(controlKey(recordingId), controlSchema))?.value;
}

/** Sequence of the last command; what an attempt has not seen when it begins is for it to obey. */
export function lastCommand(control: Control | undefined): number {
  return Math.max(0, ...(control?.commands ?? []).map(({ sequence }) => sequence));
}

/**
 * Looks by turns for `stop.json`, which SIGTERM tells of sooner, and for new commands, which wait for a keyframe anyway.
 * Each look costs the recorder CPU. S3's faults are logged and looked past.
 */
export class Watch {
  readonly #options: WatchOptions;
  #looks = 0;
  #lastSequence: number;
  /** Of the commands that were read last. */
  #commandsEtag: string | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#lastSequence = options.lastSequence;
  }

  /** Must not throw. */
  look(): Promise<void> {
    this.#looks += 1;
    return this.#looks % 2 === 1
      ? this.#try(() => this.#lookForCommands())
      : this.#try(() => this.#lookForStop());
  }

  /** There is something new. Must not throw. */
  async lookAtAll(): Promise<void> {
    await Promise.all([this.#try(() => this.#lookForStop()), this.#try(() => this.#lookForCommands())]);
  }

  async #try(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.#options.log.warn('commands could not be read', error as Error);
    }
  }

  async #lookForStop(): Promise<void> {
    const { store, recordingId, stop } = this.#options;
    if ((await store.etag(stopKey(recordingId))) !== undefined) stop.ask('stopped');
  }

  async #lookForCommands(): Promise<void> {
    const { store, recordingId, onRotate, onWatched } = this.#options;
    const etag = await store.etag(controlKey(recordingId));
    if (etag === this.#commandsEtag) return;
    const control = await readControl(store, recordingId);
    if (control?.watchedAtMs !== undefined) onWatched(control.watchedAtMs);
    const sequence = lastCommand(control);
    if (sequence > this.#lastSequence) onRotate();
    this.#lastSequence = sequence;
    this.#commandsEtag = etag;
  }
}
