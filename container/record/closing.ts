import type { RecordedPart } from './recordedPart.ts';

/** Each has memory: more than so many are there only where the journal cannot be written. */
const CLOSING_MAX = 2;

/** Parts that are finished, and of which the journal is to have the rest: it comes with its next object. */
export class Closing {
  readonly #parts = new Map<RecordedPart, Promise<void>>();
  readonly #onFault: (error: unknown) => void;

  /** @param onFault told that the disk of a part could not be given back */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  add(part: RecordedPart): void {
    const closed = part
      .close()
      .catch(this.#onFault)
      .finally(() => this.#parts.delete(part));
    this.#parts.set(part, closed);
    const [oldest] = this.#parts.keys();
    if (this.#parts.size > CLOSING_MAX) oldest?.drop();
  }

  /** Nothing waits any more. */
  async all(): Promise<void> {
    for (const part of this.#parts.keys()) part.drop();
    await Promise.all(this.#parts.values());
  }
}
