import {
  ANEW_MS,
  areClose,
  BACK_MAX_MS,
  beginsAgain,
  FRAME_MAX_MS,
  HALF_A_FRAME_MS,
  JOINED_WITHIN_MS,
  joinedClock,
  SKEW_MAX_MS,
} from './closeClocks.ts';
import {
  type Beginning,
  type Epoch,
  follow,
  type Jump,
  jumpedMs,
  newerThan,
  TIME_MAX_MS,
  type Track,
  toTell,
  trackNamed,
  type Untold,
} from './epochs.ts';
import { HeldBeginnings } from './heldBeginnings.ts';
import { PlausibleTimes } from './plausibleTimes.ts';
import { GAP_MIN_MS, Quiet } from './quiet.ts';
import type { MendedTime, RawTime, StoredJump } from './sampleTimes.ts';
import { LIVE_TIMELINE, type TimelineOptions } from './timelineOptions.ts';
import { TrackTimes } from './trackTimes.ts';

/** Tracks jump one after the other, and a source may jump back to where it was; strays are forgotten at once. */
const EPOCHS_KEPT = 8;
/** A clock that was left goes on meanwhile: one that is further behind is another one, which is close to it. */
const LEFT_BACK_MAX_MS = 250;
/** A track that is further behind the others is silent. */
const SILENT_MS = 10_000;

/**
 * Times that lie, mended: those of all samples of one source, for as long as it is connected.
 *
 * - The source's clock jumps ahead or back, or begins anew (another publisher at a server that keeps its players, a
 *   counter at its end): the times go on where they were, after what is missing in truth, which is what the recorder's
 *   clock says. Tracks that jump together stay in sync to the unit.
 * - A single sample that is stamped far away gets the time that it would have had.
 * - Samples of one time, and steps back within half a second, are spread: each is later than the one before. Unless a step
 *   leads to where the track began.
 * - A clock that stands still for longer tells nothing: samples are where they came (`StandingClock`).
 *
 * What is not wrong stays as it is to the unit. No sample is dropped. So what times grow by is what was recorded, and gaps.
 * Give it each sample of all tracks, in the order in which they came.
 */
export class SourceTimeline {
  readonly #options: TimelineOptions;
  readonly #plausible: PlausibleTimes;
  readonly #tracks = new Map<string, Track>();
  /** The latest first. */
  #epochs: readonly Epoch[] = [];
  readonly #held = new HeldBeginnings();
  #arrivedAtMs = 0;
  /** The present sample's clock jumps, and so do others: however small a step it is. */
  #jumpsTogether: boolean = false;
  readonly #quiet: Quiet;
  /** The clock of samples that are on one by what was sent. */
  #ordered: Epoch | undefined;

  constructor(options: TimelineOptions = LIVE_TIMELINE) {
    this.#options = options;
    this.#plausible = new PlausibleTimes(options);
    this.#quiet = new Quiet(options);
  }

  /** What is added to the source's own times at present, in ms. */
  get jumpedMs(): number {
    return jumpedMs([...this.#tracks.values()]);
  }

  /** Of a track: the clock on which its last sample was, and where that was. */
  clockOf(name: string): Readonly<Pick<Track, 'epoch' | 'turnsMs' | 'times'>> | undefined {
    return this.#tracks.get(name);
  }

  /**
   * @param arrivedAtMs the recorder's clock, which never goes back
   * @param isOrdered its time is on one clock with others by what was sent: however far behind their pipe is
   */
  place(time: RawTime, arrivedAtMs: number, isOrdered = false): MendedTime {
    const { track: name, dts, timescale, usualDuration, publisher = 0 } = time;
    const unitMs = 1_000 / timescale;
    const track = trackNamed(name, this.#tracks, this.#options.heldSamples);
    const { times, epoch: before } = track;
    if (usualDuration !== undefined) times.tellUsual(usualDuration * unitMs);
    const sentMs = dts * unitMs;
    const heldMs = this.#held.get(name) ?? sentMs;
    this.#jumpsTogether = this.#held.jumps(name, sentMs) || publisher > track.publisher;
    track.publisher = publisher;
    this.#held.see(name, sentMs);
    // A picture in front of those that tell where they are: a server's cache had it of the publisher before.
    const isInFront = !times.hasBegun && sentMs - heldMs > FRAME_MAX_MS;
    const rawMs = isInFront ? heldMs - times.usualMs : sentMs;
    this.#quiet.see(this.#plausible.frontMs === undefined ? 0 : arrivedAtMs - this.#arrivedAtMs);
    const standingMs = this.#standing(track, sentMs, arrivedAtMs);
    const unknownMs = times.hasBegun ? times.nextMs : (this.#plausible.frontMs ?? 0);
    const wantedMs =
      standingMs ?? (Number.isFinite(rawMs) ? this.#wanted(track, rawMs, arrivedAtMs, isOrdered) : unknownMs);
    this.#jumpsTogether = false;
    if (isOrdered) this.#ordered = track.epoch;
    if (track.epoch !== before) Object.assign(track, { beganMs: rawMs, samples: 0 });
    track.samples += 1;
    const placedMs = times.place(wantedMs, unitMs, arrivedAtMs, standingMs === undefined);
    // A stray has begun an epoch that nobody follows.
    if (before?.followers === 0 && before !== track.epoch)
      this.#epochs = this.#epochs.filter((one) => one !== before);
    this.#plausible.see(standingMs === undefined ? wantedMs : undefined, placedMs, arrivedAtMs);
    this.#arrivedAtMs = arrivedAtMs;
    const jump = toTell(track.epoch);
    const mended = placedMs === sentMs ? dts : Math.round(placedMs / unitMs);
    const leastDts = track.last?.timescale === timescale ? track.last.dts + 1 : mended;
    track.last = { dts: Math.max(mended, leastDts), timescale };
    const { dts: placed } = track.last;
    return jump === undefined ? { dts: placed } : { dts: placed, jump };
  }

  /**
   * Whether this first sample of a track would be far behind others: it is late, or the first one of a publisher who has
   * begun anew; or in front of them, and may be of the publisher before, or of a clock that jumps. Those that follow tell.
   * @param reachedDts of the latest one that follows it
   */
  mayBeAnew(time: RawTime, nowMs: number, reachedDts = time.dts): boolean {
    const { track: name, dts, timescale, publisher = 0 } = time;
    if (this.#tracks.has(name)) return false;
    const rawMs = (dts * 1_000) / timescale;
    const nearest = this.#plausible.nearest(this.#epochs, new TrackTimes(), rawMs, nowMs);
    const isStored = !this.#options.comesAsMade && this.#epochs.length > 0;
    if (nearest === undefined) return isStored && reachedDts === dts;
    if (this.#held.get(name) === undefined) this.willBegin(name, rawMs);
    if ([...this.#tracks.values()].every((one) => one.publisher < publisher)) return true;
    const behindMs = (this.#plausible.frontMs ?? 0) - nearest.atMs;
    // Of fragmented MP4 one track comes behind the other, and to the same place.
    const isBehind = behindMs - ((reachedDts - dts) * 1_000) / timescale > FRAME_MAX_MS;
    // What one sample alone has begun may be a stray's.
    const isAlone = nearest.epoch.followers === 0 && (behindMs > FRAME_MAX_MS || !this.isOpening(nowMs));
    const isInFront = -behindMs > FRAME_MAX_MS && this.isOpening(nowMs) && reachedDts === dts;
    const lateMs = this.#options.comesAsMade ? BACK_MAX_MS : FRAME_MAX_MS;
    return isAlone || isInFront || (behindMs > lateMs && isBehind);
  }

  /** What had come before the source was opened may still be coming. */
  isOpening(nowMs: number): boolean {
    return this.#plausible.opening.isNow(nowMs);
  }

  /** A track's clock has jumped, and others may come to that before its next sample, which has this time of its own. */
  willBegin(name: string, rawMs: number): void {
    this.#held.hold(name, rawMs);
  }

  /**
   * Of what is stored: the track's clock jumps with this sample, or it is a stray; or it steps back by no more than jitter.
   * @param isBeside another track has just jumped: a step back, however small, is to there
   */
  jumps({ track: name, dts, timescale }: RawTime, nowMs: number, isBeside = false): StoredJump | undefined {
    const track = this.#tracks.get(name);
    if (track?.epoch === undefined || this.#options.comesAsMade) return undefined;
    const rawMs = (dts * 1_000) / timescale + track.turnsMs;
    const { shiftMs } = track.epoch;
    if (track.times.isNext(rawMs + shiftMs)) return undefined;
    const isBack = rawMs + shiftMs < track.times.reachedMs;
    if (isBeside && isBack) return 'jump';
    const found = this.#found(track, track.epoch, rawMs, nowMs);
    if (found === undefined) return 'jump';
    return isBack && found.epoch === track.epoch ? 'step' : undefined;
  }

  /** These are all tracks of which something comes. */
  isAll(names: readonly string[]): boolean {
    const frontMs = this.#plausible.frontMs ?? 0;
    return [...this.#tracks].every(
      ([name, { times }]) => names.includes(name) || frontMs - times.reachedMs >= SILENT_MS,
    );
  }

  /** All tracks jump to one clock, this one with a sample that has this time of its own. */
  jumpsTogether(name: string, rawMs: number): void {
    this.#held.hold(name, rawMs, this.#tracks.get(name)?.times);
  }

  /** Where a sample belongs whose clock stands still; undefined: it goes. */
  #standing({ times, standing, epoch }: Track, rawMs: number, nowMs: number): number | undefined {
    const stands = standing.see(rawMs, times, nowMs);
    if (!stands || epoch === undefined || this.#jumpsTogether || !this.#options.comesAsMade) return undefined;
    return standing.next(times, this.#tracks.values(), nowMs);
  }

  /** Where the sample belongs; finds the track's epoch anew. */
  #wanted(track: Track, sentMs: number, nowMs: number, isOrdered: boolean): number {
    const { times, epoch: own } = track;
    const rawMs = sentMs + track.turnsMs;
    if (own === undefined) return this.#begun(track, rawMs, nowMs, isOrdered ? this.#ordered : undefined);
    // Nothing has jumped up to now, nor does this: of nearly all sources nearly all samples, for which nothing is allocated.
    if (this.#epochs.length === 1 && this.#isOn(track, own, rawMs, nowMs)) {
      const frontMs = this.#plausible.frontMs ?? 0;
      if (own.followers > 0) joinedClock(track, own, this.#epochs, frontMs, rawMs, nowMs);
      return follow(track, own, rawMs);
    }
    const found = this.#found(track, own, rawMs, nowMs);
    if (found !== undefined) {
      track.turnsMs += found.turnsMs;
      return follow(track, found.epoch, rawMs + found.turnsMs);
    }
    const { atMs, isTold, untold } = this.#goOn(track, own, rawMs, nowMs);
    this.#beginEpoch(track, rawMs, atMs, untold);
    // One that is stamped far away may be a stray, also after a pause: it is where it would have been.
    return isTold || Math.abs(rawMs - track.turnsMs) < ANEW_MS ? atMs : times.nextMs;
  }

  /** Jitter does not come after a pause; what an encoder puts in front of its first sample does. */
  #ownBackMs({ times }: Track, nowMs: number): number {
    return this.#plausible.awayMs(times, nowMs) >= GAP_MIN_MS ? FRAME_MAX_MS : BACK_MAX_MS;
  }

  #isOn(track: Track, own: Epoch, rawMs: number, nowMs: number): boolean {
    if (this.#isAnew(track, own, rawMs)) return false;
    return this.#plausible.has(track.times, rawMs + own.shiftMs, this.#ownBackMs(track, nowMs), nowMs);
  }

  #isAnew(track: Track, own: Epoch, rawMs: number): boolean {
    const { comesAsMade } = this.#options;
    return this.#jumpsTogether || beginsAgain(track, own, rawMs, this.#held.all, comesAsMade);
  }

  /** The clock on which a sample of the track is; undefined: one that begins with it. */
  #found(
    track: Track,
    own: Epoch,
    rawMs: number,
    nowMs: number,
  ): Pick<Beginning, 'epoch' | 'turnsMs'> | undefined {
    const { times } = track;
    const ownBackMs = this.#ownBackMs(track, nowMs);
    // What one sample began may have been a stray: where the next one fits into what was before, it was.
    const isUnsure = own.followers === 0;
    // A stray that comes after a pause is taken for what begins behind it: those that follow go on where it was before.
    // Without one it is as far back as jitter: what went back by more has left the clock that it was on.
    const strayMs = times.reachedMs - times.reachedBeforeMs;
    const strayBackMs = areClose(own, track.before) ? strayMs : Math.max(BACK_MAX_MS, strayMs);
    const newer = newerThan(own, this.#epochs);
    const frontMs = this.#plausible.frontMs ?? 0;
    // A clock that was left is come back to where it would be by now, and not by chance.
    const onTimeMs = Math.max(times.nextMs + this.#plausible.awayMs(times, nowMs), frontMs) + BACK_MAX_MS;
    const isPlausible = (epoch: Epoch): boolean => {
      const isLeft = epoch !== own && !newer.includes(epoch);
      if (isLeft && rawMs + epoch.shiftMs > onTimeMs) return false;
      const isBeforeStray = isUnsure && epoch === track.before;
      const otherBackMs = isLeft ? LEFT_BACK_MAX_MS : SKEW_MAX_MS;
      const backMaxMs = epoch === own ? ownBackMs : isBeforeStray ? strayBackMs : otherBackMs;
      return this.#plausible.has(times, rawMs + epoch.shiftMs, backMaxMs, nowMs);
    };
    const isAgain = this.#isAnew(track, own, rawMs);
    const others = isAgain ? newer : this.#epochs.filter((one) => one !== own);
    const found =
      isPlausible(own) && !isAgain
        ? ((isUnsure
            ? others.find(isPlausible)
            : (joinedClock(track, own, this.#epochs, frontMs, rawMs, nowMs) ??
              this.#plausible.betterThan(own, this.#epochs, times, rawMs, nowMs))) ?? own)
        : others.find(isPlausible);
    if (found !== undefined) return { epoch: found, turnsMs: 0 };
    for (const epoch of [own, ...others]) {
      const backMaxMs = epoch === own ? ownBackMs : SKEW_MAX_MS;
      const turnsMs = this.#plausible.turnsInto(epoch.shiftMs + rawMs, times, backMaxMs, nowMs);
      if (turnsMs !== undefined) return { epoch, turnsMs };
    }
    return undefined;
  }

  /**
   * Where a track's first sample belongs. Of all clocks that it may be on, it is on the one by which it is nearest to what
   * others have come to: one that was left before it began may be as plausible.
   * @param ordered the one that is known, where no other is plausible
   */
  #begun(track: Track, rawMs: number, nowMs: number, ordered: Epoch | undefined): number {
    const frontMs = this.#plausible.frontMs;
    if (frontMs === undefined)
      return this.#beginEpoch(track, rawMs, Math.abs(rawMs) < TIME_MAX_MS ? rawMs : 0, undefined);
    const nearest = this.#plausible.nearest(this.#epochs, track.times, rawMs, nowMs);
    if (nearest === undefined && ordered !== undefined) return follow(track, ordered, rawMs);
    // Sent between two pictures, it belongs between them.
    if (nearest === undefined) return this.#beginEpoch(track, rawMs, frontMs + HALF_A_FRAME_MS, undefined);
    track.turnsMs = nearest.turnsMs;
    if (frontMs - nearest.atMs > BACK_MAX_MS) track.unsureUntilMs = nowMs + JOINED_WITHIN_MS;
    return follow(track, nearest.epoch, rawMs + nearest.turnsMs);
  }

  #beginEpoch(track: Track, rawMs: number, atMs: number, untold: Jump | undefined): number {
    track.before = track.epoch;
    track.epoch = { shiftMs: atMs - rawMs, followers: 0, untold };
    this.#epochs = [track.epoch, ...this.#epochs].slice(0, EPOCHS_KEPT);
    // Of a time that is too large to be counted to the unit, the shift is not exact.
    return atMs;
  }

  /** The times of an epoch that begins: where they go on. */
  #goOn(
    { times, turnsMs }: Track,
    own: Epoch,
    rawMs: number,
    nowMs: number,
  ): Pick<Jump, 'atMs'> & Untold & { readonly isTold: boolean } {
    const frontMs = this.#plausible.frontMs ?? times.nextMs;
    const awayMs = Math.max(0, this.#plausible.awayMs(times, nowMs) - this.#quiet.stalledMs(nowMs));
    const isAway = awayMs >= GAP_MIN_MS;
    // What begins anew begins with all tracks at once.
    const isAnew = isAway || this.#jumpsTogether || Math.abs(rawMs - turnsMs) < ANEW_MS;
    const { besidesMs, isTold } = this.#held.beginning(rawMs - turnsMs, isAnew ? frontMs : undefined);
    const atMs = Math.max(times.nextMs + (isAway ? awayMs : 0), besidesMs);
    // A track that was silent alone is none of the recording's gaps.
    const gapMs = isAway && this.#quiet.ms >= GAP_MIN_MS ? atMs - frontMs : 0;
    return { atMs, isTold, untold: { atMs, byMs: rawMs + own.shiftMs - times.nextMs, gapMs } };
  }
}
