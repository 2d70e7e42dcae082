import { BACK_MAX_MS, FRAME_MAX_MS, SKEW_MAX_MS } from './closeClocks.ts';
import { turnsBy } from './counterTurns.ts';
import { type Beginning, type Epoch, newerThan } from './epochs.ts';
import { LiveEdge } from './liveEdge.ts';
import { Opening } from './opening.ts';
import { GAP_MIN_MS } from './quiet.ts';
import type { TimelineOptions } from './timelineOptions.ts';
import type { TrackTimes } from './trackTimes.ts';

/**
 * A track whose first sample comes later than those of others may begin as far behind them: caches send one by one, and
 * ffmpeg keeps three pictures, which may be ten seconds apart.
 */
const BEHIND_MAX_MS = 45_000;

/** Which times samples may have, by what has come and by the recorder's clock. */
export class PlausibleTimes {
  readonly #edge = new LiveEdge();
  readonly opening: Opening;
  readonly #options: TimelineOptions;
  /** The latest time of all. */
  #frontMs: number | undefined;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.opening = new Opening(options);
  }

  /** Undefined before the first sample. */
  get frontMs(): number | undefined {
    return this.#frontMs;
  }

  /**
   * A sample has come.
   * @param wantedMs by its own time; undefined: that tells nothing
   * @param placedMs its time in the end
   */
  see(wantedMs: number | undefined, placedMs: number, arrivedAtMs: number): void {
    if (wantedMs !== undefined) {
      this.#edge.see(wantedMs, arrivedAtMs);
      this.opening.see(wantedMs, arrivedAtMs);
    }
    this.#frontMs = Math.max(this.#frontMs ?? placedMs, placedMs);
  }

  /** How long nothing of a track was made: segments come one by one, whatever is in them. */
  awayMs(times: TrackTimes, nowMs: number): number {
    return this.#options.comesAsMade ? times.awayMs(nowMs) : 0;
  }

  /** Whether a sample of the track may have this time, now. */
  has(times: TrackTimes, timeMs: number, backMaxMs: number, nowMs: number): boolean {
    const frontMs = this.#frontMs ?? timeMs;
    const earliestMs = times.hasBegun ? times.reachedMs - backMaxMs : frontMs - BEHIND_MAX_MS;
    const nextMs = times.hasBegun ? times.nextMs + this.awayMs(times, nowMs) : frontMs;
    const latestMs = Math.max(nextMs, this.#edge.atMs(nowMs), this.opening.untilMs(nowMs));
    return timeMs >= earliestMs && timeMs <= latestMs + this.#options.aheadMaxMs;
  }

  /**
   * Turns of a counter that bring a time to where it may be; undefined: there are none. What was made just now is not ahead of
   * the clock for that: near the counter's end what begins anew is as near to what was to come.
   */
  turnsInto(timeMs: number, times: TrackTimes, backMaxMs: number, nowMs: number): number | undefined {
    const missingMs = times.nextMs + this.awayMs(times, nowMs) - timeMs;
    const aheadMaxMs = this.#options.comesAsMade ? SKEW_MAX_MS : Number.POSITIVE_INFINITY;
    return turnsBy(missingMs).find(
      (turnsMs) => turnsMs - missingMs <= aheadMaxMs && this.has(times, timeMs + turnsMs, backMaxMs, nowMs),
    );
  }

  /** Of all clocks that a track's first sample may be on, the one by which it is nearest to what others would be at by now. */
  nearest(epochs: readonly Epoch[], times: TrackTimes, rawMs: number, nowMs: number): Beginning | undefined {
    const frontMs = this.#frontMs ?? 0;
    // What others had sent last may have been held back until now: it does not tell since when they are silent.
    const silentMs = this.#options.comesAsMade ? this.#edge.atMs(nowMs) - frontMs : 0;
    const expectedMs = frontMs + (silentMs >= GAP_MIN_MS ? silentMs : 0);
    // Of what is stored a track that begins has come with what others have to come to, and not with what they had before.
    const isBehind = ({ atMs }: Beginning): boolean =>
      !this.#options.comesAsMade && frontMs - atMs > FRAME_MAX_MS;
    const [nearest] = epochs
      .flatMap((epoch) =>
        [0, ...turnsBy(frontMs - rawMs - epoch.shiftMs)].map((turnsMs) => ({
          epoch,
          turnsMs,
          atMs: rawMs + turnsMs + epoch.shiftMs,
        })),
      )
      .filter(({ atMs }) => this.has(times, atMs, SKEW_MAX_MS, nowMs))
      .toSorted(
        (one, other) =>
          Number(isBehind(one)) - Number(isBehind(other)) ||
          Math.abs(one.atMs - expectedMs) - Math.abs(other.atMs - expectedMs),
      );
    return nearest;
  }

  /**
   * A step back, however small, and what comes after a pause may be on a clock that others are on already: where it is
   * nearer to what was to come.
   */
  betterThan(
    own: Epoch,
    epochs: readonly Epoch[],
    times: TrackTimes,
    rawMs: number,
    nowMs: number,
  ): Epoch | undefined {
    const isAway = this.awayMs(times, nowMs) >= GAP_MIN_MS;
    const ownMs = rawMs + own.shiftMs;
    if (isAway ? times.isHeldBack(ownMs, nowMs) : ownMs >= times.reachedMs) return undefined;
    const frontMs = this.#options.comesAsMade ? times.nextMs : (this.#frontMs ?? times.nextMs);
    const expectedMs = Math.max(times.nextMs + this.awayMs(times, nowMs), frontMs);
    const wrongByMs = (epoch: Epoch): number => Math.abs(rawMs + epoch.shiftMs - expectedMs);
    // What seems to come long after all others was made before the pause; the more so where it was to come.
    const aheadMaxMs = times.isNext(ownMs) ? BACK_MAX_MS : SKEW_MAX_MS;
    const latestMs = isAway ? Math.max(frontMs, this.#frontMs ?? 0) + aheadMaxMs : Number.POSITIVE_INFINITY;
    return newerThan(own, epochs).find(
      (one) =>
        rawMs + one.shiftMs < latestMs &&
        this.has(times, rawMs + one.shiftMs, SKEW_MAX_MS, nowMs) &&
        wrongByMs(one) < wrongByMs(own),
    );
  }
}
