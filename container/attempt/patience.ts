import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type * as z from 'zod/mini';
import { StateCorruptError, StateStore } from '../../functions/aws/stateStore.ts';
import { retrying } from '../upload/retry.ts';

/**
 * How long S3 may be away before the recorder gives up. While it records there is no limit but the disk: what is
 * recorded waits there.
 */
export class Patience {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** Aborts when patience has ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on, so much longer. */
  limit(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
    // A recorder that is done does not wait for its patience to end.
    this.#timer.unref();
  }

  /** For as long as it takes. */
  unlimited(): void {
    clearTimeout(this.#timer);
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
