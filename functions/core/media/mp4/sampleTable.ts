import { U32_MAX } from './boxes.ts';
import type { TrackFragment } from './movieFragment.ts';

/** Numbers in a typed array that grows by half of itself: a day of samples must not cost a JS number each. */
class Growing<A extends Uint32Array | Float64Array> {
  #array: A;
  readonly #make: (length: number) => A;
  length = 0;

  constructor(make: (length: number) => A) {
    this.#make = make;
    this.#array = make(256);
  }

  push(value: number): void {
    if (this.length === this.#array.length) {
      const larger = this.#make(Math.ceil(this.length * 1.5));
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#array[index] as number;
  }

  set(index: number, value: number): void {
    this.#array[index] = value;
  }
}

const uint32 = (): Growing<Uint32Array> => new Growing((length) => new Uint32Array(length));

/** Equal values in a row as one pair of count and value, as stts, ctts and stsc have them. Values may be negative. */
export class Runs {
  readonly #counts = uint32();
  readonly #values = new Growing((length) => new Float64Array(length));

  get length(): number {
    return this.#counts.length;
  }

  push(value: number): void {
    const last = this.#counts.length - 1;
    if (last >= 0 && this.#values.at(last) === value) this.#counts.set(last, this.#counts.at(last) + 1);
    else {
      this.#counts.push(1);
      this.#values.push(value);
    }
  }

  count(index: number): number {
    return this.#counts.at(index);
  }

  value(index: number): number {
    return this.#values.at(index);
  }
}

/** All samples of one track in one part. Times in the track's timescale, decode times counted from the part's own zero. */
export class SampleTable {
  readonly sizes = uint32();
  readonly durations = new Runs();
  readonly compositionOffsets = new Runs();
  /** 1-based numbers of the samples that decoding can begin at. */
  readonly syncSamples = uint32();
  /** Where each chunk lies, counted from the end of the part's head. */
  readonly chunkOffsets = new Growing((length) => new Float64Array(length));
  readonly samplesPerChunk = new Runs();
  /** Decode time of the first sample. */
  firstDecodeTime: number | undefined;
  /** When the first sample is shown, and until when the last one. */
  firstShown = Number.POSITIVE_INFINITY;
  lastShownEnd = 0;
  #nextDecodeTime = 0;
  #pendingDuration: number | undefined;
  #pendingDecodeTime = 0;

  /**
   * @param decodeTime of the first sample, from the part's zero
   * @param moofAt where the fragment's moof begins, counted from the end of the part's head
   */
  add(fragment: TrackFragment, decodeTime: number, moofAt: number): void {
    this.firstDecodeTime ??= decodeTime;
    // What a fragment says of its last sample's duration is a guess: the next fragment's time decides.
    let time = Math.max(decodeTime, this.#pendingDecodeTime);
    for (const { dataOffset, samples } of fragment.runs) {
      this.chunkOffsets.push(moofAt + dataOffset);
      this.samplesPerChunk.push(samples.length);
      for (const { duration, bytes, compositionOffset, sync } of samples) {
        this.#settle(time);
        this.sizes.push(bytes);
        this.compositionOffsets.push(compositionOffset);
        if (sync) this.syncSamples.push(this.sizes.length);
        this.firstShown = Math.min(this.firstShown, time + compositionOffset);
        this.lastShownEnd = Math.max(this.lastShownEnd, time + compositionOffset + duration);
        this.#pendingDuration = duration;
        this.#pendingDecodeTime = time;
        time += duration;
      }
    }
    this.#nextDecodeTime = time;
  }

  /** The last sample's own duration counts; call it once, at the end. */
  finish(): void {
    if (this.#pendingDuration !== undefined) this.durations.push(this.#pendingDuration);
    this.#pendingDuration = undefined;
  }

  /** Decode time of the last sample; the next one cannot come before it. */
  get lastDecodeTime(): number {
    return this.#pendingDecodeTime;
  }

  /** Sum of all durations. */
  get mediaDuration(): number {
    return this.firstDecodeTime === undefined ? 0 : this.#nextDecodeTime - this.firstDecodeTime;
  }

  /** A sample lasts until the next one is decoded: a gap between fragments belongs to the sample before it. */
  #settle(nextDecodeTime: number): void {
    if (this.#pendingDuration === undefined) return;
    this.durations.push(Math.min(nextDecodeTime - this.#pendingDecodeTime, U32_MAX));
  }
}
