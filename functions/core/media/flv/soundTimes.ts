/**
 * Times of sound in whole samples, out of FLV's milliseconds: a frame begins where the one before ends, as long as that is within
 * what its own time may have been rounded from, and a millisecond. So does ffmpeg (`av_rescale_delta`).
 */
export class SoundTimes {
  readonly #unitsPerMs: number;
  /** Where the frame before ends. */
  #end: number | undefined;

  constructor(sampleRateHz: number) {
    this.#unitsPerMs = sampleRateHz / 1_000;
  }

  /** @param samples how long it is heard. @returns in samples */
  next(timeMs: number, samples: number): number {
    const least = Math.floor(Math.floor((2 * timeMs - 1) * this.#unitsPerMs) / 2);
    const most = Math.floor((Math.ceil((2 * timeMs + 1) * this.#unitsPerMs) + 1) / 2);
    const spread = most - least;
    const end = this.#end;
    const goesOn = end !== undefined && end >= least - spread && end <= most + spread;
    const time = goesOn ? Math.min(most, Math.max(least, end)) : Math.round(timeMs * this.#unitsPerMs);
    this.#end = time + samples;
    return time;
  }
}
