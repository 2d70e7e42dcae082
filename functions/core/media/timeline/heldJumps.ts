import { BACK_MAX_MS } from './closeClocks.ts';
import type { RawTime } from './sampleTimes.ts';
import type { SourceTimeline } from './sourceTimeline.ts';

interface HeldJump {
  /** Its first sample's own time, in ms. */
  readonly firstMs: number;
  readonly sinceMs: number;
  lastMs: number;
  /** It was a stray: what follows goes on where it was before. */
  isOver: boolean;
}

/** What belongs together comes within a burst. Whoever is killed loses what is held. */
const HELD_MAX_MS = 1_000;
/**
 * Of several inputs ffmpeg 5.1 reads no more of one whose clock has gone back until the run ends: with the next segment, which
 * begins where that has led to.
 */
const HELD_APART_MAX_MS = 12_000;
const HELD_MAX_BYTES = 32 * 1024 * 1024;
const NOTHING: readonly never[] = [];

/**
 * Of what is stored in pieces (HLS) one track comes behind the other: the first one to jump does not know where the others
 * are, and what is to go on there would overlap. So it is held until all of them have jumped: none has to go back then.
 */
export class HeldJumps<T> {
  readonly #timeline: SourceTimeline;
  readonly #held = new Map<string, HeldJump>();
  #items: { readonly track: string; readonly item: T }[] = [];
  #bytes = 0;
  readonly #heldMaxMs: number;

  /** @param inputs so many does ffmpeg read */
  constructor(timeline: SourceTimeline, inputs = 1) {
    this.#timeline = timeline;
    this.#heldMaxMs = inputs > 1 ? HELD_APART_MAX_MS : HELD_MAX_MS;
  }

  /** Whether the sample is to be held. Ask for each one, in the order in which they come. */
  holds(time: RawTime, nowMs: number): boolean {
    const held = this.#held.get(time.track);
    const ms = (time.dts * 1_000) / time.timescale;
    // What goes on behind a jump may come to be where that was made.
    if (held !== undefined && Math.abs(ms - held.lastMs) < BACK_MAX_MS) {
      held.lastMs = ms;
      return true;
    }
    const isBeside = held === undefined && this.#held.size > 0;
    const jumps = this.#timeline.jumps(time, nowMs, isBeside);
    if (held !== undefined) held.isOver ||= !jumps;
    else if (jumps) this.#held.set(time.track, { firstMs: ms, sinceMs: nowMs, lastMs: ms, isOver: false });
    return held !== undefined || jumps;
  }

  /** @param item of a sample that is to be held */
  hold(track: string, item: T, bytes: number): void {
    this.#items.push({ track, item });
    this.#bytes += bytes;
  }

  /** What need not be held any more, in order. @param isEnd nothing more comes */
  release(nowMs: number, isEnd = false): readonly T[] {
    if (this.#held.size === 0) return NOTHING;
    const isTooMuch = isEnd || this.#bytes >= HELD_MAX_BYTES;
    const all = [...this.#held];
    const isTogether = all.every(([, { isOver }]) => !isOver) && this.#timeline.isAll([...this.#held.keys()]);
    if (isTogether) for (const [track, { firstMs }] of all) this.#timeline.jumpsTogether(track, firstMs);
    for (const [track, { sinceMs, isOver }] of all)
      if (isTogether || isTooMuch || isOver || nowMs - sinceMs >= this.#heldMaxMs) this.#held.delete(track);
    const released = this.#items.filter(({ track }) => !this.#held.has(track));
    this.#items = this.#items.filter(({ track }) => this.#held.has(track));
    if (this.#items.length === 0) this.#bytes = 0;
    return released.map(({ item }) => item);
  }
}
