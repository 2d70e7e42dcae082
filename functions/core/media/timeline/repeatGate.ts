import type { ComingSample, JoinedContent } from './recordedContent.ts';

interface Held<T> {
  readonly item: T;
  /** Undefined: it is known by its time alone, once others have told where that belongs. */
  readonly isRepeated: boolean | undefined;
  readonly coming: ComingSample;
}

/** So long after what is known has come to its end nothing more belongs to a server's cache. */
const SETTLED_MS = 300;
/** Who has not sent more than the clock has gone by within so long has no cache. */
const CACHE_SHOWS_MS = 1_500;
const HURRY_MIN_MS = 200;
const HELD_MAX_MS = 10_000;
const HELD_MAX_BYTES = 32 * 1024 * 1024;

/**
 * Tells a server's cache from a publisher who begins the same again, when a source has been joined again: both send what
 * has been recorded already, with the same times. The cache comes at once, and is ahead of the clock by as much as it is
 * long, or begins in the middle of what has come before; its repeats are left out. A publisher takes his time, and what he sends is recorded again. Until it is told what
 * comes is held.
 */
export class RepeatGate<T> {
  readonly #joined: JoinedContent;
  #held: Held<T>[] = [];
  #heldBytes = 0;
  #isOpen: boolean;
  #firstAtMs: number | undefined;
  /** When the first one came that tells whether it has been recorded. */
  #toldAtMs: number | undefined;
  #endedAtMs: number | undefined;
  readonly #firstMs = new Map<string, number>();
  /** By how much what has come is longer than the connection is old, at most. */
  #aheadMs = Number.NEGATIVE_INFINITY;

  constructor(joined: JoinedContent) {
    this.#joined = joined;
    this.#isOpen = !joined.mayRepeat;
  }

  /** What is pushed is kept for a while. */
  get isHolding(): boolean {
    return !this.#isOpen;
  }

  /** @returns what is to be recorded now, in order */
  push(coming: ComingSample, item: T, nowMs: number): readonly T[] {
    const isRepeated = this.#joined.isRepeated(coming);
    if (this.#isOpen) return isRepeated ? [] : [item];
    this.#firstAtMs ??= nowMs;
    const { track, timeMs, data } = coming;
    const isToldByTime = this.#joined.isToldByTime(coming);
    if (!isToldByTime) this.#toldAtMs ??= nowMs;
    const firstMs = this.#firstMs.get(track) ?? timeMs;
    this.#firstMs.set(track, firstMs);
    this.#aheadMs = Math.max(this.#aheadMs, timeMs - firstMs - (nowMs - this.#joined.connectedAtMs));
    // Its data are not needed any more, and may not be there.
    const isUntold = isToldByTime && !this.#joined.isNewByNow(track);
    this.#held.push({ item, isRepeated: isUntold ? undefined : isRepeated, coming });
    this.#heldBytes += data.length;
    return this.tick(nowMs);
  }

  /** Time has gone by. */
  tick(nowMs: number): readonly T[] {
    if (this.#isOpen || this.#firstAtMs === undefined) return [];
    const heldMs = nowMs - this.#firstAtMs;
    const { repeatsMs, isAtEnd, beginsInside } = this.#joined;
    if (isAtEnd) this.#endedAtMs ??= nowMs;
    const isInAHurry = this.#isInAHurry;
    if (repeatsMs === undefined) {
      // Encoded sound has a pipe of its own, and may come before the pictures that were sent beside it.
      const isNew = this.#toldAtMs !== undefined && nowMs - this.#toldAtMs >= SETTLED_MS;
      return isNew || heldMs >= CACHE_SHOWS_MS ? this.#open('all') : [];
    }
    // What begins inside may be no earlier than its time: ffmpeg has looked at it for as long as the cache is long.
    if (isAtEnd && (isInAHurry || beginsInside)) return this.#open('new');
    const isSettled = this.#endedAtMs !== undefined && nowMs - this.#endedAtMs >= SETTLED_MS;
    const hasNoCache = heldMs >= CACHE_SHOWS_MS && !isInAHurry;
    const isTooMuch = heldMs >= HELD_MAX_MS || this.#heldBytes >= HELD_MAX_BYTES;
    if (isSettled || hasNoCache) return this.#open('all');
    return isTooMuch ? this.#open(this.#isCacheAlone ? 'new' : 'all') : [];
  }

  /** Nothing more comes. */
  end(): readonly T[] {
    return this.#isOpen ? [] : this.#open(this.#isCacheAlone ? 'new' : 'all');
  }

  get #isInAHurry(): boolean {
    return this.#aheadMs >= Math.max(HURRY_MIN_MS, (this.#joined.repeatsMs ?? 0) / 2);
  }

  /** A server whose publisher has gone sends its cache to whoever comes, and nothing else: not all that is known, perhaps. */
  get #isCacheAlone(): boolean {
    const isCache = this.#isInAHurry || this.#joined.beginsInside;
    return isCache && this.#held.every((held) => this.#isRepeated(held));
  }

  #isRepeated({ isRepeated, coming }: Held<T>): boolean {
    return isRepeated ?? this.#joined.isCovered(coming);
  }

  #open(what: 'new' | 'all'): readonly T[] {
    const held = this.#held;
    this.#held = [];
    this.#isOpen = true;
    const recorded = what === 'all' ? held : held.filter((one) => !this.#isRepeated(one));
    if (what === 'all') this.#joined.forget();
    return recorded.map(({ item }) => item);
  }
}
