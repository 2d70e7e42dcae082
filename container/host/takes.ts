import type { Assignment } from '../../functions/core/protocol/asks.ts';

/** A claim is four requests, one after the other: while it waits for answers the next recording begins. */
export const TAKES_AT_ONCE = 4;

/** Attempts that this host is to have, and that are not claimed yet: few beside each other, each recording once. */
export class Takes {
  readonly #running = new Set<Promise<void>>();
  readonly #recordings = new Map<string, number>();

  /** Until another one may be received. */
  async room(): Promise<void> {
    while (this.#running.size >= TAKES_AT_ONCE) await Promise.race(this.#running);
  }

  /** The attempt of this recording that is being claimed. */
  attemptOf(recordingId: string): number | undefined {
    return this.#recordings.get(recordingId);
  }

  /** @param take must not throw */
  add(
    { recordingId, attempt }: Pick<Assignment, 'recordingId' | 'attempt'>,
    take: () => Promise<void>,
  ): void {
    this.#recordings.set(recordingId, attempt);
    const taken = take().finally(() => {
      this.#running.delete(taken);
      if (this.#recordings.get(recordingId) === attempt) this.#recordings.delete(recordingId);
    });
    this.#running.add(taken);
  }

  /** None is left. */
  async all(): Promise<void> {
    await Promise.all(this.#running);
  }
}
