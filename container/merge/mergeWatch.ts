import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import {
  type MergeLeftOut,
  type MergeProgress,
  mergeCancelSchema,
} from '../../functions/core/rooms/merge.ts';
import { mergeKey } from '../../functions/core/rooms/mergeKeys.ts';

export interface MergeWatchOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly mergeId: string;
  readonly pollMs?: number;
}

/** How often it is looked for a cancel; every few times it is told how far it is. */
const POLL_MS = 3_000;
const PROGRESS_EVERY_POLLS = 3;

/** A cancel was asked for: nobody wants it any more. */
export class CanceledError extends Error {
  override readonly name = 'CanceledError';
}

/** Tells how far the merge is, and hears that it is not wanted any more. */
export class MergeWatch {
  readonly #options: MergeWatchOptions;
  readonly #onCancel: (error: CanceledError) => void;
  readonly #startedAtMs: number;
  readonly #ended = new AbortController();
  readonly #leftOut: MergeLeftOut[] = [];
  /** How many of them state has. */
  #toldLeftOut = 0;
  #share = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: MergeWatchOptions, onCancel: (error: CanceledError) => void) {
    this.#options = options;
    this.#onCancel = onCancel;
    this.#startedAtMs = options.clock.nowMs();
  }

  /** @throws CanceledError it was canceled before */
  async begin(): Promise<void> {
    if (await this.#isCanceled()) throw new CanceledError();
    await this.#tell();
    this.#loop = this.#run();
  }

  /** It never goes back. @param share from 0 to 1 */
  progress(share: number): void {
    this.#share = Math.max(this.#share, share);
  }

  /** It is told at the next look. */
  leaveOut(found: readonly MergeLeftOut[]): void {
    this.#leftOut.push(...found);
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#loop;
    if (this.#hasNews) await this.#try(() => this.#tell());
  }

  async #run(): Promise<void> {
    const { pollMs = POLL_MS } = this.#options;
    for (let polls = 1; await slept(pollMs, this.#ended.signal); polls += 1) {
      const isCanceled = await this.#try(async () => {
        if (await this.#isCanceled()) return true;
        if (this.#hasNews || polls % PROGRESS_EVERY_POLLS === 0) await this.#tell();
        return false;
      });
      if (isCanceled === true) return this.#onCancel(new CanceledError());
    }
  }

  async #try<T>(look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      this.#options.log.warn('how far the merge is could not be told', { error: error as Error });
      return undefined;
    }
  }

  get #hasNews(): boolean {
    return this.#leftOut.length > this.#toldLeftOut;
  }

  async #isCanceled(): Promise<boolean> {
    const { store, mergeId } = this.#options;
    return (await store.read(mergeKey(mergeId, 'cancel'), mergeCancelSchema)) !== undefined;
  }

  async #tell(): Promise<void> {
    const { store, mergeId, clock } = this.#options;
    // The record's end is still to come.
    const percent = Math.min(99, Math.floor(100 * this.#share));
    const leftOut = [...this.#leftOut];
    const progress: MergeProgress = {
      ...{ startedAtMs: this.#startedAtMs, atMs: clock.nowMs(), percent },
      ...(leftOut.length === 0 ? {} : { leftOut }),
    };
    await store.overwrite(mergeKey(mergeId, 'progress'), progress);
    this.#toldLeftOut = leftOut.length;
  }
}

/** @returns false: it was aborted before */
function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}
