import { turnsBy } from './counterTurns.ts';
import type { Jump } from './epochs.ts';
import type { RawTime } from './sampleTimes.ts';
import type { SentClocks, SentTime, Stretch } from './sentClocks.ts';

/** What is encoded is cut into frames of its own, one of which lies across a jump; an encoder puts one in front. */
const FRAME_MIN_MS = 30;
const FRAMES = 1.3;
interface Place {
  readonly stretch: Stretch;
  /** The last sample's own time, turns of the counter left out. */
  ms: number;
}

/**
 * Puts samples that come out of ffmpeg, through whatever pipes, on the one clock that their source would have if it did not
 * jump: as `SentClocks` knows it, whatever comes first.
 */
export class SentOrder {
  readonly #clocks: SentClocks;
  readonly #places = new Map<string, Place>();
  #shiftMs = 0;
  #jumps: Jump[] = [];

  constructor(clocks: SentClocks) {
    this.#clocks = clocks;
  }

  /** Samples' times are on that clock by now. */
  get isKnown(): boolean {
    return this.#places.size > 0;
  }

  /** Where the first sample that was sent is on that clock; undefined as long as it is not that. */
  get firstMs(): number | undefined {
    return this.isKnown ? this.#clocks.firstMs : undefined;
  }

  /** What is added to the source's times at present, in ms. */
  get shiftMs(): number {
    return this.#shiftMs;
  }

  /**
   * The sample's time on that clock. Give it all of a track in order.
   * @returns undefined: it is as it came, since nobody knows better, or not yet
   */
  ordered(time: RawTime, kind: SentTime['kind']): RawTime | undefined {
    if (!this.isKnown && !this.#clocks.isPlain) return undefined;
    const rawMs = (time.dts * 1_000) / time.timescale;
    const before = this.#places.get(time.track);
    const frameMs = Math.max(FRAME_MIN_MS, (FRAMES * 1_000 * (time.usualDuration ?? 0)) / time.timescale);
    const found = placeOf(this.#clocks.stretchesOf(kind), rawMs, frameMs, before);
    if (found === undefined) return before === undefined ? undefined : this.#moved(time, rawMs, before);
    const { clock } = found.stretch;
    this.#places.set(time.track, found);
    if (clock.jump !== undefined) this.#jumps.push(clock.jump);
    clock.jump = undefined;
    return this.#moved(time, found.ms, found);
  }

  /** Where the source's clock has jumped since the last call. */
  takeJumps(): readonly Jump[] {
    const jumps = this.#jumps;
    this.#jumps = [];
    return jumps;
  }

  /** @param sentMs its own time, as it was sent */
  #moved(time: RawTime, sentMs: number, { stretch }: Place): RawTime {
    this.#shiftMs = stretch.shiftMs;
    const { dts, timescale } = time;
    const by = Math.round(((sentMs + this.#shiftMs) * timescale) / 1_000 - dts);
    return by === 0 ? time : { ...time, dts: dts + by };
  }
}

/** Where a track is with its next sample; undefined: nobody knows. @param frameMs about what one lasts */
function placeOf(
  stretches: readonly Stretch[],
  rawMs: number,
  frameMs: number,
  before: Place | undefined,
): Place | undefined {
  const holder = (some: readonly Stretch[]): Stretch | undefined =>
    some.find((one) => isIn(one, timeOn(one, rawMs, frameMs), frameMs));
  if (before === undefined) return placed(holder(stretches), rawMs, frameMs);
  const { stretch: current } = before;
  const ms = timeOn(current, rawMs, frameMs);
  const goesOn = isIn(current, ms, frameMs) && ms > before.ms - frameMs;
  // Of nearly all sources nearly all samples, for which nothing is allocated.
  if (goesOn && stretches.at(-1) === current) {
    before.ms = ms;
    return before;
  }
  const later = stretches.slice(stretches.indexOf(current) + 1);
  // Once all of it has come: what follows is one of its last, or the first one of another.
  const stepMs = before.ms >= current.lastMs - frameMs ? Math.abs(ms - before.ms - FRAME_MIN_MS) : 0;
  const next = later.find((one) => Math.abs(timeOn(one, rawMs, frameMs) - one.firstMs) < stepMs);
  return placed(next ?? (goesOn ? current : holder(later)), rawMs, frameMs);
}

function placed(stretch: Stretch | undefined, rawMs: number, frameMs: number): Place | undefined {
  return stretch === undefined ? undefined : { stretch, ms: timeOn(stretch, rawMs, frameMs) };
}

const isIn = ({ firstMs, untilMs }: Stretch, ms: number, frameMs: number): boolean =>
  ms >= firstMs - frameMs && ms <= untilMs + frameMs;

/** A sample's time as it was sent in a stretch: ffmpeg may count the turns of a counter. */
function timeOn(stretch: Stretch, rawMs: number, frameMs: number): number {
  if (isIn(stretch, rawMs, frameMs)) return rawMs;
  return (
    turnsBy(rawMs - stretch.firstMs)
      .map((turnsMs) => rawMs - turnsMs)
      .find((ms) => isIn(stretch, ms, frameMs)) ?? rawMs
  );
}
