import { turnsBy } from './counterTurns.ts';
import type { Jump } from './epochs.ts';
import type { RawTime } from './sampleTimes.ts';
import type { SentClocks, SentTime, Stretch } from './sentClocks.ts';

/** What is encoded is cut into frames of its own, one of which lies across a jump; an encoder puts one in front. */
const FRAME_MIN_MS = 30;
const FRAMES = 1.3;
/** What ffmpeg adds to times is longer: the turn of a counter, or what that and a jump differ by. */
const ADDED_MIN_MS = 1_000;
const NOTHING: readonly Stretch[] = [];

interface Place {
  readonly stretch: Stretch;
  /** The last sample's own time, as it was sent. */
  ms: number;
  /** What ffmpeg has added to that: turns of the counter, or a jump that it took for one. */
  readonly addedMs: number;
  /** Since all of the stretch has come: the first time behind it. */
  overFromMs: number | undefined;
}

/**
 * Puts samples that come out of ffmpeg, through whatever pipes, on the one clock that their source would have if it did not
 * jump: as `SentClocks` knows it, whatever comes first.
 */
export class SentOrder {
  readonly #clocks: SentClocks;
  readonly #places = new Map<string, Place>();
  #shiftMs = 0;
  #turnedMs: number | undefined;
  #jumps: Jump[] = [];

  constructor(clocks: SentClocks) {
    this.#clocks = clocks;
  }

  /** Samples' times are on that clock by now. */
  get isKnown(): boolean {
    return this.#places.size > 0;
  }

  /** A track of the kind that begins is to wait until it is known where. */
  isUntold(kind: SentTime['kind']): boolean {
    return this.#clocks.isUntold(kind);
  }

  /** Something else reads the source from here on: it adds nothing of what ffmpeg had added to times before. */
  beginRun(): void {
    for (const [track, place] of this.#places) this.#places.set(track, { ...place, addedMs: 0 });
  }

  /** Where the first sample that was sent is on that clock; undefined as long as it is not that. */
  get firstMs(): number | undefined {
    return this.isKnown ? this.#clocks.firstMs : undefined;
  }

  /**
   * What was added to the first sample's time as ffmpeg gave it: of what begins within a minute of a counter's end ffmpeg takes
   * a turn off, and it was sent without.
   */
  get turnedMs(): number {
    return this.#turnedMs ?? 0;
  }

  get isTurnKnown(): boolean {
    return this.#turnedMs !== undefined;
  }

  /**
   * A sample comes that was sent over this connection; the first one counts. It may be left out, as recorded already, and the
   * next one may be behind a jump that ffmpeg takes for a turn.
   */
  come({ dts, timescale }: RawTime, kind: SentTime['kind']): void {
    if (this.isTurnKnown || !this.#clocks.isPlain) return;
    const rawMs = (dts * 1_000) / timescale;
    const found = placeOf(this.#clocks.stretchesOf(kind), rawMs, FRAME_MIN_MS, undefined);
    if (found !== undefined) this.#turnedMs = Math.round(found.ms - rawMs);
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
    const stretches = this.#clocks.stretchesOf(kind);
    const found =
      placeOf(stretches, rawMs, frameMs, before) ??
      (before === undefined
        ? this.#asOthers(stretches, rawMs, frameMs)
        : unexplained(stretches, rawMs, frameMs, before));
    if (found === undefined)
      return before === undefined ? undefined : this.#moved(time, rawMs - before.addedMs, before);
    const { clock } = found.stretch;
    this.#places.set(time.track, found);
    this.#turnedMs ??= Math.round(found.ms - rawMs);
    if (clock.jump !== undefined) this.#jumps.push(clock.jump);
    clock.jump = undefined;
    return this.#moved(time, found.ms, found);
  }

  /**
   * Where a track begins by what ffmpeg has added to the times of others: it adds to all of them from then on. What is encoded
   * comes through a pipe of its own, in which it may have counted a turn less, or one more.
   */
  #asOthers(stretches: readonly Stretch[], rawMs: number, frameMs: number): Place | undefined {
    for (const { addedMs } of this.#places.values())
      for (const one of stretches) {
        const turnsMs = [0, ...turnsBy(rawMs - addedMs - one.firstMs)];
        const found = turnsMs.map((ms) => rawMs - addedMs - ms).find((ms) => isIn(one, ms, frameMs));
        if (found !== undefined) return at(one, found, rawMs);
      }
    return undefined;
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
  if (before === undefined) return placed(holderOf(stretches, rawMs, frameMs, 0), rawMs, frameMs, 0);
  const { stretch: current, addedMs } = before;
  const ms = timeOn(current, rawMs, frameMs, addedMs);
  const goesOn = isIn(current, ms, frameMs) && ms > before.ms - frameMs;
  // Of nearly all sources nearly all samples, for which nothing is allocated.
  const isLatest = goesOn && stretches.at(-1) === current;
  const later = isLatest ? NOTHING : stretches.slice(stretches.indexOf(current) + 1);
  // Once all of it has come: what follows is one of its last, or the first one of another.
  const stepMs = goesOn && isOver(before, frameMs) ? Math.abs(ms - before.ms - FRAME_MIN_MS) : 0;
  const next = later.find((one) => Math.abs(timeOn(one, rawMs, frameMs, addedMs) - one.firstMs) < stepMs);
  if (next === undefined && goesOn && ms === rawMs - addedMs) {
    goOn(before, ms);
    return before;
  }
  return placed(
    next ?? (goesOn ? current : holderOf(later, rawMs, frameMs, addedMs)),
    rawMs,
    frameMs,
    addedMs,
  );
}

/** The first one in which it may be. @param addedMs as `timeOn` */
const holderOf = (
  stretches: readonly Stretch[],
  rawMs: number,
  frameMs: number,
  addedMs: number,
): Stretch | undefined => stretches.find((one) => isIn(one, timeOn(one, rawMs, frameMs, addedMs), frameMs));

const isOver = ({ stretch, ms }: Place, frameMs: number): boolean => ms >= stretch.lastMs - frameMs;

/** What is encoded has a last frame that begins before the last sample ends. */
const isBehind = ({ lastMs, untilMs }: Stretch, ms: number): boolean => ms > (lastMs + untilMs) / 2;

function goOn(place: Place, ms: number): void {
  place.ms = ms;
  place.overFromMs = isBehind(place.stretch, ms) ? (place.overFromMs ?? ms) : undefined;
}

/**
 * Where a sample is whose time nothing that was sent has: ffmpeg has added something to the track's times. It takes a step
 * of MPEG-TS from near the counter's end to near its beginning for a turn of the counter, and lets what follows go on right
 * there, for all tracks, be that so or not. But samples come out as they were sent, one behind the other.
 */
function unexplained(
  stretches: readonly Stretch[],
  rawMs: number,
  frameMs: number,
  before: Place,
): Place | undefined {
  const { stretch, ms, addedMs, overFromMs } = before;
  const stepMs = rawMs - addedMs - ms;
  const next = isOver(before, frameMs) ? stretches[stretches.indexOf(stretch) + 1] : undefined;
  // All that was sent has come before.
  if (next === undefined && ms >= stretch.lastMs) return undefined;
  const goesOn = Math.abs(stepMs) < ADDED_MIN_MS;
  const sinceMs = goesOn && overFromMs !== undefined ? ms + stepMs - overFromMs : 0;
  const sentMs = next === undefined ? ms + stretch.untilMs - stretch.lastMs : next.firstMs + sinceMs;
  return Math.abs(rawMs - sentMs - addedMs) < ADDED_MIN_MS ? undefined : at(next ?? stretch, sentMs, rawMs);
}

const at = (stretch: Stretch, ms: number, rawMs: number): Place => ({
  stretch,
  ms,
  addedMs: rawMs - ms,
  overFromMs: undefined,
});

function placed(
  stretch: Stretch | undefined,
  rawMs: number,
  frameMs: number,
  addedMs: number,
): Place | undefined {
  return stretch === undefined ? undefined : at(stretch, timeOn(stretch, rawMs, frameMs, addedMs), rawMs);
}

const isIn = ({ firstMs, untilMs }: Stretch, ms: number, frameMs: number): boolean =>
  ms >= firstMs - frameMs && ms <= untilMs + frameMs;

/** A sample's time as it was sent in a stretch. @param addedMs what ffmpeg has added up to now: it may be another turn */
function timeOn(stretch: Stretch, rawMs: number, frameMs: number, addedMs: number): number {
  const sentMs = rawMs - addedMs;
  if (isIn(stretch, sentMs, frameMs)) return sentMs;
  if (isIn(stretch, rawMs, frameMs)) return rawMs;
  return (
    turnsBy(rawMs - stretch.firstMs)
      .map((turnsMs) => rawMs - turnsMs)
      .find((ms) => isIn(stretch, ms, frameMs)) ?? sentMs
  );
}
