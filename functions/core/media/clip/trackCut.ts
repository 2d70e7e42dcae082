import type { ByteRange, TableName } from '../fragmentIndex/samples.ts';
import { SampleReader, tableRanges } from '../fragmentIndex/samples.ts';
import type { FragmentIndex, FragmentTrack, IndexedTrack } from '../fragmentIndex/types.ts';
import type { Sample } from '../mp4/movieFragment.ts';

/** What is wanted of a part, in its media time: what is shown from, up to (not with) an end. Infinite: all there is. */
export interface Cut {
  readonly fromMs: number;
  readonly toMs: number;
}

interface PlacedFragment {
  readonly offset: number;
  readonly own: FragmentTrack;
}

/** A track's fragments that hold what is wanted of it, and a bit more: its tables say exactly what. */
export interface TrackCut {
  readonly track: IndexedTrack;
  readonly fragments: readonly [PlacedFragment, ...PlacedFragment[]];
  /** Of the record: what its tables say of their samples. */
  readonly ranges: Readonly<Record<TableName, ByteRange>>;
}

export interface TimedSample extends Sample {
  /** In the record's tables, from 0. */
  readonly number: number;
  /** In the record. */
  readonly offset: number;
  /** In the track's timescale, as its fragments count. */
  readonly decodeTime: number;
  /** When it is shown, and until when, in the part's media time. */
  readonly startMs: number;
  readonly endMs: number;
  /** It begins the samples that lie together. */
  readonly startsRun: boolean;
}

/** No picture is decoded so much later than it is shown, or earlier. */
const REORDERED_MAX_MS = 2_000;
/** Of sound, so much before it begins is looked at. */
const SOUND_BEFORE_MS = 500;

/** Of each track of the index, in its order; undefined for one that has nothing there. One pass over the fragments. */
export function trackCuts(index: FragmentIndex, cut: Cut): (TrackCut | undefined)[] {
  const found = index.tracks.map((track) => new Finder(track, cut));
  for (const { offset, keyframe, tracks } of index.fragments()) {
    for (const [place, own] of tracks.entries())
      if (own !== undefined) found[place]?.look({ offset, own }, keyframe);
    if (found.every(({ hasAll }) => hasAll)) break;
  }
  return found.map((one) => one.result());
}

class Finder {
  readonly #track: IndexedTrack;
  readonly #cut: Cut;
  #kept: PlacedFragment[] = [];
  #end: FragmentTrack | undefined;

  constructor(track: IndexedTrack, cut: Cut) {
    this.#track = track;
    this.#cut = cut;
  }

  get hasAll(): boolean {
    return this.#end !== undefined || this.#track.samples === 0;
  }

  look(fragment: PlacedFragment, keyframe: boolean): void {
    if (this.#end !== undefined) return;
    const { fromMs, toMs } = this.#cut;
    const { own } = fragment;
    const decodedMs = this.#toMs(own.decodeTime);
    if (decodedMs >= toMs + REORDERED_MAX_MS) {
      this.#end = own;
      return;
    }
    if (this.#track.kind === 'audio') {
      if (decodedMs <= fromMs - SOUND_BEFORE_MS) this.#kept = [];
    } else if (keyframe && this.#track.isWatched) {
      if (this.#toMs(own.decodeTime + own.firstOffset) <= fromMs) this.#kept = [];
    } else if (decodedMs + REORDERED_MAX_MS <= fromMs) {
      const before = this.#kept.at(-1);
      // Decoding can begin in the one before, wherever in it.
      if (before !== undefined && own.syncSamples > before.own.syncSamples) this.#kept = [before];
    }
    this.#kept.push(fragment);
  }

  result(): TrackCut | undefined {
    const [first, ...rest] = this.#kept;
    if (first === undefined) return undefined;
    return {
      track: this.#track,
      fragments: [first, ...rest],
      ranges: tableRanges(this.#track, first.own, this.#end),
    };
  }

  #toMs(time: number): number {
    return ((time - this.#track.zeroTime) / this.#track.timescale) * 1000;
  }
}

/** @param tables the bytes of the cut's `ranges`. @throws MediaError they are shorter than the index says */
export function* timedSamples(
  { track, fragments }: TrackCut,
  tables: Readonly<Record<TableName, Buffer>>,
): Generator<TimedSample> {
  const samples = new SampleReader(track, fragments[0].own, tables);
  const toMs = (time: number): number => ((time - track.zeroTime) / track.timescale) * 1000;
  let number = fragments[0].own.sample;
  for (const { offset, own } of fragments) {
    let decodeTime = own.decodeTime;
    for (const run of own.runs) {
      let at = offset + run.dataOffset;
      for (let place = 0; place < run.samples; place++) {
        if (!samples.next()) return;
        const { duration, bytes, compositionOffset, sync } = samples;
        const shown = decodeTime + compositionOffset;
        yield {
          duration,
          bytes,
          compositionOffset,
          sync,
          number,
          offset: at,
          decodeTime,
          startMs: toMs(shown),
          endMs: toMs(shown + duration),
          startsRun: place === 0,
        };
        at += bytes;
        decodeTime += duration;
        number += 1;
      }
    }
  }
}
