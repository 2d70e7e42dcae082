import { markWriting, unmarkWriting } from '../../functions/core/protocol/writing.ts';
import type { OpenPart } from '../../functions/core/state/partObjects.ts';
import type { AttemptContext } from '../attempt/context.ts';

/**
 * Says which files are being written, for those who ask what is recorded now. One after the other, beside the recording;
 * what could not be said is logged and looked past.
 */
export class WrittenFiles {
  readonly #context: AttemptContext;
  #said: Promise<void> = Promise.resolve();

  constructor(context: AttemptContext) {
    this.#context = context;
  }

  opened(open: OpenPart): void {
    const { store, job } = this.#context;
    this.#say(() => markWriting(store, job, open));
  }

  /** Finished, or given up. */
  ended(open: OpenPart): void {
    const { store, job } = this.#context;
    this.#say(() => unmarkWriting(store, job, open));
  }

  /** Everything has been said. */
  said(): Promise<void> {
    return this.#said;
  }

  #say(change: () => Promise<void>): void {
    this.#said = this.#said.then(change).catch((error: unknown) => {
      this.#context.log.warn('which files are written could not be said', error as Error);
    });
  }
}
