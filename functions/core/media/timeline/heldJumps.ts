import { BACK_MAX_MS } from './closeClocks.ts';
import type { RawTime, StoredJump } from './sampleTimes.ts';
import type { SourceTimeline } from './sourceTimeline.ts';

interface HeldJump {
  /** Its first sample's own time, in ms. */
  readonly firstMs: number;
  readonly sinceMs: number;
  lastMs: number;
  /** So many have come of it. */
  samples: number;
  /** It was a stray: what follows goes on where it was before; or jitter. */
  isOver: boolean;
  /**
   * It steps back by no more than jitter does, which it is where others come to so much of the mended timeline, and have not
   * jumped. Undefined: it has jumped.
   */
  jitterFromMs: number | undefined;
}

/** A stray comes alone: so many in a row are of a clock that has jumped, and so is what comes behind a pause of theirs. */
const CERTAIN_SAMPLES = 4;
const PAUSE_MAX_MS = 2_500;
/** What belongs together comes within a burst. Whoever is killed loses what is held. */
const HELD_MAX_MS = 1_000;
/**
 * Of several inputs ffmpeg 5.1 reads no more of one whose clock has gone back until the run ends: with the next segment, which
 * begins where that has led to.
 */
const HELD_APART_MAX_MS = 12_000;
/** A publisher's sound begins before his first picture, and the one before him may have been a little ahead with either. */
const SKEW_MS = 200;
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
  readonly #tracks: number;
  /** Tracks of which something has come. */
  readonly #begun = new Set<string>();

  /** @param inputs so many does ffmpeg read. @param tracks so many are announced */
  constructor(timeline: SourceTimeline, inputs = 1, tracks = inputs) {
    this.#timeline = timeline;
    this.#tracks = tracks;
    this.#heldMaxMs = inputs > 1 ? HELD_APART_MAX_MS : HELD_MAX_MS;
  }

  /** Whether the sample is to be held. Ask for each one, in the order in which they come. */
  holds(time: RawTime, nowMs: number): boolean {
    if (this.#begun.size < this.#tracks) this.#begun.add(time.track);
    const held = this.#held.get(time.track);
    const ms = (time.dts * 1_000) / time.timescale;
    // What goes on behind a jump may come to be where that was made.
    if (held !== undefined && goesOn(held, ms)) {
      held.lastMs = ms;
      held.samples += 1;
      return true;
    }
    const isBeside = held === undefined && this.#held.size > 0 && this.#hasJumped;
    const jump = this.#timeline.jumps(time, nowMs, isBeside);
    if (held !== undefined) held.isOver ||= jump !== 'jump';
    else if (jump === undefined) this.#goOn(time.track, ms);
    else this.#begin(time.track, jump, ms, nowMs);
    return held !== undefined || jump !== undefined;
  }

  /** One has jumped, which only looked like jitter where another has before. */
  #begin(track: string, jump: StoredJump, ms: number, nowMs: number): void {
    const nextMs = this.#timeline.clockOf(track)?.times.nextMs ?? 0;
    const jitterFromMs = jump === 'step' ? nextMs + SKEW_MS : undefined;
    this.#held.set(track, {
      firstMs: ms,
      sinceMs: nowMs,
      lastMs: ms,
      samples: 1,
      isOver: false,
      jitterFromMs,
    });
    if (jump === 'jump') for (const one of this.#held.values()) one.jitterFromMs = undefined;
  }

  /** A track has not jumped. */
  #goOn(track: string, ms: number): void {
    if (this.#held.size === 0) return;
    const { epoch, turnsMs = 0 } = this.#timeline.clockOf(track) ?? {};
    const atMs = ms + turnsMs + (epoch?.shiftMs ?? 0);
    for (const one of this.#held.values())
      one.isOver ||= atMs >= (one.jitterFromMs ?? Number.POSITIVE_INFINITY);
  }

  get #hasJumped(): boolean {
    for (const { jitterFromMs } of this.#held.values()) if (jitterFromMs === undefined) return true;
    return false;
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
    // Of another track, or input, nothing has been read yet, perhaps, and it may begin before the jump.
    const hasBegun = this.#begun.size >= this.#tracks;
    const isTogether =
      hasBegun &&
      all.every(([, { isOver, jitterFromMs }]) => !isOver && jitterFromMs === undefined) &&
      this.#timeline.isAll([...this.#held.keys()]);
    const jumpedMaxMs = hasBegun ? this.#heldMaxMs : HELD_MAX_MS;
    if (isTogether) for (const [track, { firstMs }] of all) this.#timeline.jumpsTogether(track, firstMs);
    for (const [track, { sinceMs, isOver, jitterFromMs }] of all) {
      const isLate = nowMs - sinceMs >= (jitterFromMs === undefined ? jumpedMaxMs : HELD_MAX_MS);
      if (isTogether || isTooMuch || isOver || isLate) this.#held.delete(track);
    }
    const released = this.#items.filter(({ track }) => !this.#held.has(track));
    this.#items = this.#items.filter(({ track }) => this.#held.has(track));
    if (this.#items.length === 0) this.#bytes = 0;
    return released.map(({ item }) => item);
  }
}

/** Whether a sample is on the clock that is held. @param ms its own time */
function goesOn({ lastMs, samples }: HeldJump, ms: number): boolean {
  const stepMs = ms - lastMs;
  if (Math.abs(stepMs) < BACK_MAX_MS) return true;
  return samples >= CERTAIN_SAMPLES && stepMs > 0 && stepMs < PAUSE_MAX_MS;
}
