import type { Epoch, Jump } from './epochs.ts';
import { LateBeginnings } from './lateBeginnings.ts';
import type { RawTime } from './sampleTimes.ts';
import { SourceTimeline } from './sourceTimeline.ts';
import type { TimelineOptions } from './timelineOptions.ts';

/** A sample as a source sends it. */
export interface SentTime extends RawTime {
  readonly kind: 'video' | 'audio';
}

/** A clock on which tracks are. */
interface SentClock {
  readonly epoch: Epoch;
  /** What is to be told of how it began. */
  jump: Jump | undefined;
}

/** Samples of a track, one behind the other, for as long as its clock does not change. Times are the track's own, in ms. */
export interface Stretch {
  readonly clock: SentClock;
  /** To add to its times. */
  readonly shiftMs: number;
  readonly firstMs: number;
  /** Of the last sample. */
  lastMs: number;
  /** As long as the one before it: a packet may have several frames. */
  untilMs: number;
}

interface SentTrack {
  track: string;
  /** Those before it: publishers may send on others. */
  readonly left: Set<string>;
  readonly stretches: Stretch[];
}

/** Of what nobody reads, no more are kept. */
const KEPT = 64;
/** No ffmpeg holds any back. MPEG-TS does not say that a sample is whole until the next one begins. */
const HELD_SAMPLES = 1;
/** What is longer is a pause. */
const STEP_MAX_MS = 500;
const ROUNDING_MS = 1;

/**
 * Which clocks the tracks of a live source are on, found out as it is received: in the order in which samples were sent, and
 * when they came. What comes out of ffmpeg through pipes of their own is in no order.
 */
export class SentClocks {
  readonly #options: TimelineOptions;
  #made: SourceTimeline | undefined;
  #late: LateBeginnings<SentTime> | undefined;
  /** Undefined: there are several of the kind by turns, of which nobody knows which one is which of ffmpeg's. */
  readonly #tracks = new Map<SentTime['kind'], SentTrack | undefined>();
  #clocks: readonly SentClock[] = [];
  #firstMs: number | undefined;

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  /** A sample has been received. */
  see(sent: SentTime, nowMs: number): void {
    this.#late ??= new LateBeginnings(this.#timeline(nowMs));
    if (this.#late.holds(sent, nowMs)) this.#late.hold(sent.track, sent);
    else this.#place(sent, nowMs);
    for (const one of this.#late.release(nowMs)) this.#place(one, nowMs);
  }

  #place(sent: SentTime, nowMs: number): void {
    const { kind, track, dts, timescale } = sent;
    const timeline = this.#timeline(nowMs);
    const { dts: placed, jump } = timeline.place(sent, nowMs);
    const [sentMs, placedMs] = [(dts * 1_000) / timescale, (placed * 1_000) / timescale];
    this.#firstMs ??= placedMs;
    const { epoch, turnsMs = 0 } = timeline.clockOf(track) ?? {};
    if (epoch === undefined) return;
    const clock = this.#clockOf(epoch);
    if (jump !== undefined) clock.jump = jump;
    const own = this.#ownOf(kind, track);
    if (own === undefined) return;
    const shiftMs = epoch.shiftMs + turnsMs;
    // One alone may be a stray, which is where it would have been, whatever clock begins with it.
    const isElsewhere = epoch.followers === 0 && Math.abs(placedMs - sentMs - shiftMs) > ROUNDING_MS;
    extend(own.stretches, clock, isElsewhere ? placedMs - sentMs : shiftMs, sentMs);
  }

  #ownOf(kind: SentTime['kind'], track: string): SentTrack | undefined {
    if (!this.#tracks.has(kind)) this.#tracks.set(kind, { track, left: new Set(), stretches: [] });
    const own = this.#tracks.get(kind);
    if (own === undefined || own.track === track) return own;
    if (own.left.has(track)) {
      this.#tracks.set(kind, undefined);
      return undefined;
    }
    own.left.add(own.track);
    own.track = track;
    return own;
  }

  #timeline(nowMs: number): SourceTimeline {
    this.#made ??= new SourceTimeline({ ...this.#options, heldSamples: HELD_SAMPLES, connectedAtMs: nowMs });
    return this.#made;
  }

  /** Where the first sample is, as the source would count if its clock did not jump. */
  get firstMs(): number | undefined {
    return this.#firstMs;
  }

  /** Each kind is one track. */
  get isPlain(): boolean {
    return [...this.#tracks.values()].every((track) => track !== undefined);
  }

  /** What the track of a kind begins with has come, and others are to tell on which clock that is. */
  isUntold(kind: SentTime['kind']): boolean {
    return this.#late?.items.some((one) => one.kind === kind) === true;
  }

  /** All that is known of the one track of a kind, in order. */
  stretchesOf(kind: SentTime['kind']): readonly Stretch[] {
    return this.#tracks.get(kind)?.stretches ?? [];
  }

  #clockOf(epoch: Epoch): SentClock {
    const known = this.#clocks.find((one) => one.epoch === epoch);
    if (known !== undefined) return known;
    const clock = { epoch, jump: undefined };
    this.#clocks = [clock, ...this.#clocks].slice(0, KEPT);
    return clock;
  }
}

function extend(stretches: Stretch[], clock: SentClock, shiftMs: number, timeMs: number): void {
  const last = stretches.at(-1);
  const stepMs = last === undefined ? 0 : timeMs - last.lastMs;
  const lengthMs = stepMs > 0 && stepMs < STEP_MAX_MS ? stepMs : (last?.untilMs ?? 0) - (last?.lastMs ?? 0);
  if (last?.clock === clock && last.shiftMs === shiftMs) {
    last.lastMs = Math.max(last.lastMs, timeMs);
    last.untilMs = last.lastMs + lengthMs;
    return;
  }
  stretches.push({ clock, shiftMs, firstMs: timeMs, lastMs: timeMs, untilMs: timeMs + lengthMs });
  if (stretches.length > KEPT) stretches.shift();
}
