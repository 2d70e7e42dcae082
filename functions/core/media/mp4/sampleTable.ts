import type { RunPlace } from '../fragmentIndex/types.ts';
import { PagedTable, type PageStore } from '../pages.ts';
import { joined, type Pieces } from '../pieces.ts';
import { U32_MAX, u32 } from './boxes.ts';
import type { TrackFragment } from './movieFragment.ts';

/** Equal values in a row as one pair of count and value, as stts and ctts have them. Values may be negative. */
export class Runs {
  readonly #ended: PagedTable;
  #count = 0;
  #value = 0;
  #hasNegative: boolean = false;

  constructor(store: PageStore) {
    this.#ended = new PagedTable(store);
  }

  /** Pairs. */
  get length(): number {
    return this.#ended.bytes / 8 + Math.min(this.#count, 1);
  }

  get hasNegative(): boolean {
    return this.#hasNegative;
  }

  /** There is nothing but zeros, or nothing at all. */
  get isZero(): boolean {
    return this.#ended.bytes === 0 && this.#value === 0;
  }

  push(value: number): void {
    if (this.#count > 0 && value !== this.#value) {
      this.#ended.u32(this.#count).u32(this.#value >>> 0);
      this.#count = 0;
    }
    this.#count += 1;
    this.#value = value;
    this.#hasNegative ||= value < 0;
  }

  /** Where the next value comes. */
  get place(): RunPlace {
    return { entry: this.#ended.bytes / 8, into: this.#count };
  }

  /** The pairs, 32 bits each; negative values in two's complement. */
  pairs(): Pieces {
    return this.#count === 0 ? this.#ended : joined(this.#ended, u32(this.#count, this.#value));
  }
}

/** Where samples stand in a table, once it is written. */
export interface SamplePlace {
  readonly durations: RunPlace;
  readonly offsets: RunPlace;
  /** Sync samples before it. */
  readonly syncSamples: number;
}

/** All samples of one track in one part. Times in the track's timescale, decode times counted from the part's own zero. */
export class SampleTable {
  /** Of each sample, 32 bits each. */
  readonly sizes: PagedTable;
  readonly durations: Runs;
  readonly compositionOffsets: Runs;
  /** 1-based numbers of the samples that decoding can begin at, 32 bits each; empty while that is all of them. */
  readonly syncSamples: PagedTable;
  /** Where each chunk lies, counted from the end of the part's head, 64 bits each. */
  readonly chunkOffsets: PagedTable;
  /** As in stsc: 1-based number of the first chunk, samples in each from there on, and their description; 32 bits each. */
  readonly samplesPerChunk: PagedTable;
  #samples = 0;
  #syncSamples = 0;
  #chunkSamples = 0;
  #chunkDescription = 0;
  /** Decode time of the first sample. */
  firstDecodeTime: number | undefined;
  /** When the first sample is shown, and until when the last one. */
  firstShown = Number.POSITIVE_INFINITY;
  lastShownEnd = 0;
  #nextDecodeTime = 0;
  #pendingDuration: number | undefined;
  #pendingDecodeTime = 0;

  /** @param store for what grows with the part */
  constructor(store: PageStore) {
    this.sizes = new PagedTable(store);
    this.durations = new Runs(store);
    this.compositionOffsets = new Runs(store);
    this.syncSamples = new PagedTable(store);
    this.chunkOffsets = new PagedTable(store);
    this.samplesPerChunk = new PagedTable(store);
  }

  get samples(): number {
    return this.#samples;
  }

  get chunks(): number {
    return this.chunkOffsets.bytes / 8;
  }

  /**
   * @param decodeTime of the first sample, from the part's zero
   * @param moofAt where the fragment's moof begins, counted from the end of the part's head
   * @param description 1-based number of the sample description that its samples have
   * @returns where its first sample stands; undefined where it has none
   */
  add(
    fragment: Pick<TrackFragment, 'runs'>,
    decodeTime: number,
    moofAt: number,
    description = 1,
  ): SamplePlace | undefined {
    this.firstDecodeTime ??= decodeTime;
    let place: SamplePlace | undefined;
    // What a fragment says of its last sample's duration is a guess: the next fragment's time decides.
    let time = Math.max(decodeTime, this.earliestNext);
    for (const { dataOffset, samples } of fragment.runs) {
      this.#addChunk(moofAt + dataOffset, samples.length, description);
      for (const { duration, bytes, compositionOffset, sync } of samples) {
        this.#settle(time);
        place ??= {
          durations: this.durations.place,
          offsets: this.compositionOffsets.place,
          syncSamples: this.#syncSamples,
        };
        this.#addSample(bytes, sync);
        this.compositionOffsets.push(compositionOffset);
        this.firstShown = Math.min(this.firstShown, time + compositionOffset);
        this.lastShownEnd = Math.max(this.lastShownEnd, time + compositionOffset + duration);
        this.#pendingDuration = duration;
        this.#pendingDecodeTime = time;
        time += duration;
      }
    }
    this.#nextDecodeTime = time;
    return place;
  }

  /** The last sample's own duration counts; call it once, at the end. */
  finish(): void {
    if (this.#pendingDuration !== undefined) this.durations.push(this.#pendingDuration);
    this.#pendingDuration = undefined;
  }

  /** The next sample cannot be decoded before: later than the last one. */
  get earliestNext(): number {
    return this.#samples === 0 ? 0 : this.#pendingDecodeTime + 1;
  }

  /** Sum of all durations. */
  get mediaDuration(): number {
    return this.firstDecodeTime === undefined ? 0 : this.#nextDecodeTime - this.firstDecodeTime;
  }

  #addChunk(offset: number, samples: number, description: number): void {
    this.chunkOffsets.u64(offset);
    if (samples === this.#chunkSamples && description === this.#chunkDescription) return;
    this.#chunkSamples = samples;
    this.#chunkDescription = description;
    this.samplesPerChunk.u32(this.chunks).u32(samples).u32(description);
  }

  #addSample(bytes: number, sync: boolean): void {
    const isFirstOther = !sync && this.#syncSamples === this.#samples;
    this.sizes.u32(bytes);
    this.#samples += 1;
    // Sound has no list, and needs none: it is written from the first sample on that is not like those before.
    if (isFirstOther) for (let number = 1; number < this.#samples; number++) this.syncSamples.u32(number);
    if (!sync) return;
    const isListed = this.#syncSamples + 1 < this.#samples;
    this.#syncSamples += 1;
    if (isListed) this.syncSamples.u32(this.#samples);
  }

  /** A sample lasts until the next one is decoded: a gap between fragments belongs to the sample before it. */
  #settle(nextDecodeTime: number): void {
    if (this.#pendingDuration === undefined) return;
    this.durations.push(Math.min(nextDecodeTime - this.#pendingDecodeTime, U32_MAX));
  }
}
