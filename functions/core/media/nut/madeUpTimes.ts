import type { Times } from './packetTimes.ts';

/** Of H.264 and HEVC so many pictures may be decoded before one that is shown before them. */
const MADE_UP_MAX = 16;
const CAUGHT_UP_MAX_SECONDS = 1;

/**
 * Decoding times of a run's first pictures. Where none are sent (RTSP, and MPEG-TS of some encoders), ffmpeg finds them by
 * the order in which pictures are shown, once it has seen it; up to then it makes some up, that are later than those it
 * finds then. Until these have caught up pictures are decoded one right behind the other, and all are shown when they say.
 */
export class MadeUpTimes {
  readonly #timescale: number;
  #count = 0;
  #isMadeUp: boolean = false;
  #lastDts = Number.NEGATIVE_INFINITY;

  /** @param timescale units in a second */
  constructor(timescale: number) {
    this.#timescale = timescale;
  }

  /** The next picture's times, as ffmpeg says them. */
  next(times: Times): Times {
    const { dts, offset } = times;
    this.#count += 1;
    // Nothing can be shown before it is decoded.
    if (offset < 0 && this.#count <= MADE_UP_MAX) this.#isMadeUp = true;
    const least = this.#lastDts + this.#timescale / 1_000;
    const isBehind = dts < least && least - dts < CAUGHT_UP_MAX_SECONDS * this.#timescale;
    if (this.#isMadeUp && isBehind) {
      this.#lastDts = least;
      return { dts: least, offset: offset + dts - least };
    }
    this.#isMadeUp &&= offset < 0;
    this.#lastDts = dts;
    return times;
  }
}
