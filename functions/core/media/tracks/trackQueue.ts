import { ByteQueue } from '../byteQueue.ts';
import type { Sample, TrackDescription } from './sample.ts';

/** A sample in a fragment. Times in the track's timescale. */
export interface TimedSample {
  readonly dts: number;
  readonly offset: number;
  readonly keyframe: boolean;
  readonly duration: number;
  /** Valid until the next fragment is made. */
  readonly data: Buffer;
}

interface Entry {
  readonly description: TrackDescription;
  readonly dts: number;
  readonly offset: number;
  readonly keyframe: boolean;
  readonly bytes: number;
  readonly arrivedAtMs: number;
}

/** A longer pause belongs to no sample. */
const PAUSE_DURATIONS = 3;
/** Nothing is known of pictures before the second one: as long as this they may last. */
const FIRST_MAX_SECONDS = 1.5;

/** Samples of one track that are in no fragment yet. */
export class TrackQueue {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  /** What the track's samples are in the fragments that are made now; undefined for a track that has none yet. */
  current: TrackDescription | undefined;
  /** What has been said of the track before its first sample. */
  declared: TrackDescription | undefined;
  readonly #entries: Entry[] = [];
  readonly #data = new ByteQueue();
  #lastDts = Number.NEGATIVE_INFINITY;
  #usualDuration: number | undefined;
  /** How long after the sample before it the last one came, where that was a pause. */
  #pause: number | undefined;
  #isFirst: boolean = true;
  /** When its last sample came; undefined before the first. */
  arrivedAtMs: number | undefined;

  constructor(id: number, kind: 'video' | 'audio') {
    this.id = id;
    this.kind = kind;
  }

  get length(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#data.length;
  }

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  /** What comes next is coded in another way than the track was: a part may begin with it. */
  get isOther(): boolean {
    const { first, current } = this;
    return first !== undefined && current !== undefined && first.description !== current;
  }

  at(place: number): Entry | undefined {
    return this.#entries[place];
  }

  /** A part may begin: from now on fragments have the track as its next samples are. */
  describe(): void {
    this.current = this.first?.description ?? this.current ?? this.declared;
  }

  push(sample: Sample, nowMs: number): void {
    const { description, offset, keyframe, data } = sample;
    const previous = this.#entries.at(-1)?.description ?? this.current;
    // Another timescale: what came before says nothing of it.
    if (previous !== undefined && previous.timescale !== description.timescale)
      this.#lastDts = Number.NEGATIVE_INFINITY;
    const dts = Math.max(sample.dts, this.#lastDts + 1);
    this.#lastDts = dts;
    this.#data.push(data);
    this.#entries.push({ description, dts, offset, keyframe, bytes: data.length, arrivedAtMs: nowMs });
    this.arrivedAtMs = nowMs;
  }

  /** When a queued sample is shown, in seconds. */
  shownAt(place: number): number {
    const entry = this.#entries[place];
    return entry === undefined
      ? Number.POSITIVE_INFINITY
      : (entry.dts + entry.offset) / entry.description.timescale;
  }

  /** How many are shown before then, and are as the first one is. */
  countBefore(seconds: number): number {
    const description = this.first?.description;
    const end = this.#entries.findIndex(
      (entry, place) => entry.description !== description || this.shownAt(place) >= seconds,
    );
    return end === -1 ? this.length : end;
  }

  take(count: number): { readonly samples: TimedSample[]; readonly bytes: number } {
    const entries = this.#entries.splice(0, count);
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const data = this.#data.take(bytes);
    let at = 0;
    const samples = entries.map((entry, place) => {
      const { dts, offset, keyframe } = entry;
      const sample = {
        dts,
        offset,
        keyframe,
        duration: this.#durationOf(entry, entries[place + 1]),
        data: data.subarray(at, at + entry.bytes),
      };
      at += entry.bytes;
      return sample;
    });
    return { samples, bytes };
  }

  /** What an encoder of ours put in front, once. */
  takePriming(): number {
    const samples = this.#isFirst ? (this.current?.primingSamples ?? 0) : 0;
    this.#isFirst = false;
    return samples;
  }

  #durationOf({ dts, description }: Entry, inFragment: Entry | undefined): number {
    const next = inFragment ?? this.first;
    const usual = this.#usualDuration ?? usualDuration(description);
    if (next === undefined || next.description.timescale !== description.timescale) return usual;
    const duration = next.dts - dts;
    const isGuess = this.#usualDuration === undefined && this.kind === 'video';
    const longest = isGuess ? FIRST_MAX_SECONDS * description.timescale : PAUSE_DURATIONS * usual;
    const isPause = duration > longest;
    const pauseBefore = this.#pause;
    this.#pause = isPause ? duration : undefined;
    // Pause after pause is how often the samples come: a picture a second, each a keyframe and a fragment.
    if (!isPause || pauseBefore !== undefined)
      this.#usualDuration = Math.min(duration, pauseBefore ?? duration);
    // Within a fragment the next one is where the one before ends.
    if (inFragment !== undefined) return duration;
    return isPause && pauseBefore === undefined ? usual : (this.#usualDuration ?? usual);
  }
}

const AAC_FRAME_SAMPLES = 1024;
const USUAL_SECONDS = 0.04;

/** What the first sample lasts as long as nothing is known. */
function usualDuration({ info, timescale }: TrackDescription): number {
  return info.codec === 'aac' ? AAC_FRAME_SAMPLES : Math.round(USUAL_SECONDS * timescale);
}
