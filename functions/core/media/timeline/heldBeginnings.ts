import { ANEW_MS, BACK_MAX_MS } from './closeClocks.ts';
import type { TrackTimes } from './trackTimes.ts';

interface HeldBeginning {
  /** By the track's own time. */
  readonly ms: number;
  /** Of a track whose clock jumps with it: it goes on right there. */
  readonly goesOn: TrackTimes | undefined;
}

const NONE: readonly number[] = [];

/** What tracks are to begin with on a clock that others come to before them. */
export class HeldBeginnings {
  readonly #tracks = new Map<string, HeldBeginning>();

  hold(track: string, ms: number, goesOn?: TrackTimes): void {
    this.#tracks.set(track, { ms, goesOn });
  }

  /** By the tracks' own times. */
  get all(): readonly number[] {
    return this.#tracks.size === 0 ? NONE : [...this.#tracks.values()].map(({ ms }) => ms);
  }

  get(track: string): number | undefined {
    return this.#tracks.get(track)?.ms;
  }

  /** The track's clock jumps with this sample, as others do. */
  jumps(track: string, ms: number): boolean {
    const held = this.#tracks.get(track);
    return held?.goesOn !== undefined && held.ms === ms;
  }

  /** A sample of the track has come, or is not to be waited for. */
  see(track: string, ms: number): void {
    if (Math.abs(ms - (this.#tracks.get(track)?.ms ?? ms)) < BACK_MAX_MS) this.#tracks.delete(track);
  }

  /**
   * Where a clock begins to which tracks come together: none of them may have to go back, nor one that is held. It is told
   * where all of them are known to jump.
   * @param sentMs of the first sample, by its own time
   * @param anewFromMs the earliest, if it begins anew
   */
  beginning(sentMs: number, anewFromMs = Number.NEGATIVE_INFINITY): { besidesMs: number; isTold: boolean } {
    const all = [...this.#tracks.values()];
    const ledByMs = Math.max(0, ...all.map(({ ms }) => sentMs - ms));
    const together = all.flatMap(({ ms, goesOn }) =>
      goesOn === undefined || Math.abs(sentMs - ms) >= ANEW_MS ? [] : [goesOn.nextMs + sentMs - ms],
    );
    const isTold = together.length > 0;
    const anewMs = isTold ? [] : [anewFromMs + (ledByMs < ANEW_MS ? ledByMs : 0)];
    return { besidesMs: Math.max(...anewMs, ...together), isTold };
  }
}
