import type { RawTime } from './sampleTimes.ts';
import type { SourceTimeline } from './sourceTimeline.ts';
import { HELD_SAMPLES } from './trackTimes.ts';

interface Beginning<T> {
  readonly time: RawTime;
  readonly sinceMs: number;
  /** Of the latest sample. */
  reachedDts: number;
  readonly items: T[];
  /** What has come of each other track since then. */
  readonly others: Map<string, number>;
}

/** Pipes are read one after the other: what one of them has is as old as that. */
const SETTLED_MS = 300;
/** Whoever is killed loses what is held. */
const HELD_MAX_MS = 1_500;
/** What belongs together begins together, but for this. */
const TOGETHER_MS = 500;
const NOTHING: readonly never[] = [];

/**
 * Holds what a track begins with that seems to come seconds late, until others have told whether that is so: a publisher
 * who has just begun anew sends sound before his first keyframe, and his times are small as those of what is late are. So
 * is a picture that comes before others, as long as it is alone.
 */
export class LateBeginnings<T> {
  readonly #timeline: SourceTimeline;
  readonly #held = new Map<string, Beginning<T>>();
  /** By the source's own time, with what has not been placed yet. */
  #beginsMs: number | undefined;
  readonly #isUntold: (time: RawTime) => boolean;

  /**
   * @param beginsMs what the first sample of all is known to begin with, where it goes on with what was before: a track that
   *   comes first, and is far behind that, is on another clock
   * @param isUntold what was sent is to tell where the first sample of a track belongs, and does not yet
   */
  constructor(
    timeline: SourceTimeline,
    beginsMs?: number,
    isUntold: (time: RawTime) => boolean = () => false,
  ) {
    this.#timeline = timeline;
    this.#beginsMs = beginsMs;
    this.#isUntold = isUntold;
  }

  /** What a track begins with is held. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** What is held, of all tracks. */
  get items(): readonly T[] {
    return [...this.#held.values()].flatMap(({ items }) => items);
  }

  /** Whether the sample is to be held. Ask for each one, in the order in which they come. */
  holds(time: RawTime, nowMs: number): boolean {
    for (const [track, { others }] of this.#held)
      if (track !== time.track) others.set(time.track, (others.get(time.track) ?? 0) + 1);
    const held = this.#held.get(time.track);
    if (held !== undefined) {
      held.reachedDts = time.dts;
      if (held.items.length === 1 && time.dts < held.time.dts)
        this.#timeline.willBegin(time.track, (time.dts * 1_000) / time.timescale);
      return true;
    }
    if (!this.#mayBeAnew(time, nowMs)) {
      this.#beginsMs = undefined;
      return false;
    }
    this.#held.set(time.track, { time, sinceMs: nowMs, reachedDts: time.dts, items: [], others: new Map() });
    return true;
  }

  /** @param item of a sample that is to be held */
  hold(track: string, item: T): void {
    this.#held.get(track)?.items.push(item);
  }

  /** What need not be held any more, in order. @param isEnd nothing more comes */
  release(nowMs: number, isEnd = false): readonly T[] {
    if (this.#held.size === 0) return NOTHING;
    const released: T[] = [];
    for (const [track, beginning] of this.#held) {
      const heldMs = nowMs - beginning.sinceMs;
      const isSettled = heldMs >= SETTLED_MS || this.#timeline.isOpening(nowMs);
      // Others that go on tell nothing of a publisher who is to come behind them.
      const isUntold = this.#isUntold(beginning.time);
      const goesOn = isSettled && !isUntold && Math.max(0, ...beginning.others.values()) > 2 * HELD_SAMPLES;
      const isUnsure = this.#mayBeAnew(beginning.time, nowMs, beginning.reachedDts);
      if (isUnsure && !goesOn && heldMs < HELD_MAX_MS && !isEnd) continue;
      released.push(...beginning.items);
      this.#held.delete(track);
    }
    return released;
  }

  #mayBeAnew(time: RawTime, nowMs: number, reachedDts = time.dts): boolean {
    const isBefore =
      (time.dts * 1_000) / time.timescale + TOGETHER_MS < (this.#beginsMs ?? Number.NEGATIVE_INFINITY);
    if (isBefore || this.#timeline.mayBeAnew(time, nowMs, reachedDts)) return true;
    return this.#timeline.clockOf(time.track) === undefined && this.#isUntold(time);
  }
}
