import { ANEW_MS, FRAME_MAX_MS } from '../timeline/closeClocks.ts';
import type { MediaKind } from './media.ts';

/** What a kind of media has come to by its own times, in ms. One sample alone may be a stray, stamped far ahead. */
interface Reached {
  lastMs: number;
  beforeMs: number;
}

const reachedMs = ({ lastMs, beforeMs }: Reached): number => Math.min(lastMs, beforeMs);

/**
 * Which publisher of a stream sends, where its server keeps the player: one who begins anew sends the configurations again, and
 * his times are back where they began. Where he comes shortly after the one before him had begun, their times alone look like
 * one publisher's who is a little late.
 */
export class Publishers {
  #number = 0;
  readonly #reached = new Map<MediaKind, Reached>();
  /** Of a configuration that was sent again and has gone back. Some servers stamp all of them with zero: samples tell. */
  #backToMs: number | undefined;

  /** A configuration has come, by its own time. */
  configure(kind: MediaKind, timeMs: number): void {
    const own = this.#reached.get(kind);
    if (own !== undefined && timeMs < reachedMs(own) - FRAME_MAX_MS) this.#backToMs = timeMs;
  }

  /** A sample has come. @returns the number of its publisher, which grows */
  of(kind: MediaKind, timeMs: number): number {
    const own = this.#reached.get(kind);
    if (this.#backToMs !== undefined) {
      if (this.#isBack(own, timeMs, this.#backToMs)) {
        this.#number += 1;
        this.#reached.clear();
        this.#backToMs = undefined;
      } else if (own !== undefined) this.#backToMs = undefined;
    }
    const kept = this.#reached.get(kind);
    if (kept === undefined) this.#reached.set(kind, { lastMs: timeMs, beforeMs: timeMs });
    else {
      kept.beforeMs = kept.lastMs;
      kept.lastMs = timeMs;
    }
    return this.#number;
  }

  /** Of a kind that begins only now the others tell where it would be. */
  #isBack(own: Reached | undefined, timeMs: number, backToMs: number): boolean {
    const fromMs =
      own === undefined ? Math.max(...[...this.#reached.values()].map(reachedMs)) : reachedMs(own);
    return timeMs >= backToMs && timeMs - backToMs < ANEW_MS && timeMs < fromMs - FRAME_MAX_MS;
  }
}
