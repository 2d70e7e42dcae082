import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type * as z from 'zod/mini';
import { StateCorruptError, StateStore } from '../../functions/aws/stateStore.ts';
import { retrying } from '../upload/retry.ts';
import type { Timers } from './timers.ts';

/** At its start, a recorder that cannot reach its state has nothing to lose by giving up. */
const BEGIN_MS = 5 * 60_000;
/** Nobody kills a recorder that has ended by itself, its source or a limit: S3 may be away for so long. */
const FINISH_MS = 15 * 60_000;
/** ECS kills 120 s after SIGTERM; by then everything must have been said. */
const AFTER_SIGTERM_MS = 105_000;

/**
 * How long S3 may be away before the recorder gives up: while it begins, records, finishes; and whatever it does, once
 * its task has been told to end.
 */
export class Patience {
  readonly #controller = new AbortController();
  readonly #timers: Timers;
  #phase: NodeJS.Timeout | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor(timers: Timers = { setTimeout, clearTimeout }) {
    this.#timers = timers;
  }

  /** Aborts when patience has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.#endPhase();
    this.#phase = this.#abortAfter(BEGIN_MS);
  }

  /** There is no limit but the disk: what is recorded waits there. */
  record(): void {
    this.#endPhase();
  }

  /** Nothing more is recorded. */
  finish(): void {
    this.#endPhase();
    this.#phase = this.#abortAfter(FINISH_MS);
  }

  /** The task was told to end; the first time counts. */
  sigterm(): void {
    this.#kill ??= this.#abortAfter(AFTER_SIGTERM_MS);
  }

  #endPhase(): void {
    if (this.#phase !== undefined) this.#timers.clearTimeout(this.#phase);
    this.#phase = undefined;
  }

  #abortAfter(ms: number): NodeJS.Timeout {
    const timer = this.#timers.setTimeout(() => this.#controller.abort(), ms);
    // A recorder that is done does not wait for its patience to end.
    timer.unref();
    return timer;
  }
}

/** The state store of a recorder: what S3 does not take now is tried again until patience ends. */
export class PatientStore extends StateStore {
  readonly #signal: AbortSignal;
  readonly #log: Logger;

  constructor(s3: S3Client, bucket: string, options: { readonly signal: AbortSignal; readonly log: Logger }) {
    super(s3, bucket);
    this.#signal = options.signal;
    this.#log = options.log;
  }

  override read<T>(key: string, schema: z.ZodMiniType<T>): ReturnType<typeof StateStore.prototype.read<T>> {
    return this.#retrying(() => super.read(key, schema));
  }

  override create(key: string, value: unknown): Promise<boolean> {
    return this.#retrying(() => super.create(key, value));
  }

  override replace(key: string, value: unknown, etag: string): Promise<boolean> {
    return this.#retrying(() => super.replace(key, value, etag));
  }

  override overwriteBytes(key: string, bytes: Buffer): Promise<void> {
    return this.#retrying(() => super.overwriteBytes(key, bytes));
  }

  override remove(key: string, etag?: string): Promise<boolean> {
    return this.#retrying(() => super.remove(key, etag));
  }

  override list(prefix: string): Promise<string[]> {
    return this.#retrying(() => super.list(prefix));
  }

  #retrying<T>(run: () => Promise<T>): Promise<T> {
    return retrying(run, {
      signal: this.#signal,
      isFinal: (error) => error instanceof StateCorruptError,
      onRetry: (error, tries) =>
        this.#log.warn('state could not be reached; trying again', { tries, error: error as Error }),
    });
  }
}
