import { GAP_MIN_MS } from './quiet.ts';
import { SAME_MS, SPREAD_MAX_MS, type TrackTimes } from './trackTimes.ts';

/** Fewer of one time may be anything. */
const SAMPLES_MIN = 4;
/** What has come for so long is no burst: of a track of which nothing is known yet, and of one whose burst would be too long. */
const FLOWED_MIN_MS = { unknown: 100, long: 250, any: SPREAD_MAX_MS } as const;
/** Nothing is moved for less: samples come in pieces of about so much. */
const JITTER_MS = 30;
/** What is further from where it is to be gets there within so long, all tracks as fast. */
const NEARS_WITHIN_MS = 300;
/** What is further behind is there at once. */
const BEHIND_MAX_MS = 500;
/** How far apart samples come is the mean of so many. What one lasts by now counts as so many at first. */
const SAMPLES_KEPT = 24;
const SAMPLES_KNOWN = 4;

/** What those go by whose clocks stand: a track. */
interface Leading {
  readonly times: TrackTimes;
  readonly standing: StandingClock;
}

/**
 * A track's clock that stands still while its samples go on coming, for longer than a burst of one time lasts. It tells
 * nothing then: their times are those at which they came, evenly, or those of another track that came beside them.
 */
export class StandingClock {
  #rawMs = Number.NaN;
  #arrivedAtMs = 0;
  /** When the clock has last gone on. */
  #wentAtMs = Number.NEGATIVE_INFINITY;
  /** Of the present time, behind the first. */
  #samples = 0;
  /** How long they have been coming, without pauses. */
  #flowedMs = 0;
  /** So many have come since something came apart from what was before it; no more than are kept. */
  #apart = SAMPLES_KNOWN;
  #eachMs = 0;
  #stands: boolean = false;
  /** While it stands: what is added to the recorder's clock. */
  #leadMs: number | undefined;

  /**
   * A sample comes.
   * @param rawMs its own time. @param times of its track, before it
   * @returns whether the clock stands
   */
  see(rawMs: number, times: TrackTimes, nowMs: number): boolean {
    const sinceMs = Math.min(GAP_MIN_MS, nowMs - this.#arrivedAtMs);
    this.#arrivedAtMs = nowMs;
    const isSame = Math.abs(rawMs - this.#rawMs) < SAME_MS;
    if (!isSame && !Number.isNaN(this.#rawMs)) this.#wentAtMs = nowMs;
    this.#rawMs = rawMs;
    if (!isSame) {
      this.#begin();
      return false;
    }
    this.#samples += 1;
    this.#flowedMs += sinceMs;
    if (this.#flowedMs > 0) {
      if (this.#apart === SAMPLES_KNOWN) this.#eachMs = times.usualMs;
      this.#apart = Math.min(SAMPLES_KEPT, this.#apart + 1);
      this.#eachMs += (sinceMs - this.#eachMs) / this.#apart;
    }
    this.#stands ||= this.#isNoBurst(times);
    return this.#stands;
  }

  #begin(): void {
    this.#samples = 0;
    this.#flowedMs = 0;
    this.#apart = SAMPLES_KNOWN;
    this.#stands = false;
    this.#leadMs = undefined;
  }

  #isNoBurst({ usualMs, isGuess }: TrackTimes): boolean {
    if (this.#samples < SAMPLES_MIN) return false;
    const isLong = this.#samples * usualMs > SPREAD_MAX_MS;
    return this.#flowedMs >= FLOWED_MIN_MS[isGuess ? 'unknown' : isLong ? 'long' : 'any'];
  }

  /**
   * The time of a sample that comes while the clock stands.
   * @param times of its track, before it. @param all tracks of the source, this one too, in the order in which they began
   */
  next(times: TrackTimes, all: Iterable<Leading>, nowMs: number): number {
    const eachMs = times.isUsualKnown ? times.usualMs : this.#eachMs;
    const nextMs = times.placedMs + eachMs;
    const ledMs = this.#ledMs(times, all, nowMs);
    this.#leadMs = ledMs === undefined ? (this.#leadMs ?? nextMs - nowMs) : ledMs - nowMs;
    const behindMs = nowMs + this.#leadMs - nextMs;
    if (behindMs > BEHIND_MAX_MS) return nowMs + this.#leadMs;
    const movedMs = Math.sign(behindMs) * Math.max(0, Math.abs(behindMs) - JITTER_MS);
    const byMs = (movedMs * eachMs) / NEARS_WITHIN_MS;
    return nextMs + Math.max((-3 * eachMs) / 4, Math.min(eachMs, byMs));
  }

  /** Where the track is by now that tells best how time goes by; undefined: that is this one, or the others are silent. */
  #ledMs(own: TrackTimes, all: Iterable<Leading>, nowMs: number): number | undefined {
    let best: Leading | undefined;
    let bestTells = 0;
    for (const one of all) {
      const { times, standing } = one;
      const isSilent = times !== own && nowMs - standing.#arrivedAtMs >= GAP_MIN_MS;
      if (isSilent || !times.hasBegun) continue;
      const goes = nowMs - standing.#wentAtMs < GAP_MIN_MS;
      const tells = goes ? 3 : times.isUsualKnown ? 2 : 1;
      if (tells <= bestTells) continue;
      best = one;
      bestTells = tells;
    }
    if (best === undefined || best.times === own) return undefined;
    return best.times.placedMs + Math.min(nowMs - best.standing.#arrivedAtMs, best.times.usualMs);
  }
}
