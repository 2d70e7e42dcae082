import type { FragmentTrack } from '../fragmentIndex/types.ts';
import { type FragmentEntry, FragmentIndexWriter } from '../fragmentIndex/writer.ts';
import type { PageStore } from '../pages.ts';
import type { Pieces } from '../pieces.ts';
import type { PlayedFragment } from '../types.ts';
import type { Mp4Fragment } from './fragment.ts';
import type { Track } from './initSegment.ts';
import type { TrackFragment } from './movieFragment.ts';
import type { SamplePlace, SampleTable } from './sampleTable.ts';
import { tablePlaces } from './tablePlaces.ts';
import { watchedIds } from './watched.ts';

/** A track of the part, as its muxer has it. */
export interface PartTrack {
  readonly track: Track;
  readonly table: SampleTable;
  readonly zeroTime: number;
}

/** What of a fragment stands where in the track's tables. */
export interface PlacedFragment {
  readonly traf: TrackFragment;
  /** In the part. */
  readonly decodeTime: number;
  readonly place: SamplePlace;
}

type Entry = { -readonly [K in keyof FragmentEntry]: FragmentEntry[K] } & {
  tracks: FragmentEntry['tracks'][number][];
};

/** The index of an MP4 part's fragments. What a player gets begins with it, also where it lies in several moofs. */
export class PartIndex {
  readonly #tracks: readonly PartTrack[];
  readonly #watched: ReadonlySet<number>;
  readonly #writer: FragmentIndexWriter;
  /** Pictures, or sound where there are none: what tells a fragment's time. */
  readonly #leader: PartTrack | undefined;
  /** How much later than it is decoded the leader's first sample is shown. */
  #shift: number | undefined;
  #last: Entry | undefined;
  #isMixed: boolean = false;
  #hasFiller: boolean = false;

  constructor(tracks: readonly PartTrack[], pages: PageStore) {
    this.#tracks = tracks;
    this.#watched = watchedIds({ tracks: tracks.map(({ track }) => track) });
    this.#leader = tracks.find(({ track }) => this.#watched.has(track.id) && track.info.kind === 'video');
    this.#leader ??= tracks.find(({ track }) => this.#watched.has(track.id));
    this.#writer = new FragmentIndexWriter(pages, tracks.length);
  }

  /**
   * @param filler bytes before it, which a player gets with it
   * @returns what a player gets of it, where that lies together
   */
  add(fragment: Mp4Fragment, placed: readonly PlacedFragment[], filler: number): PlayedFragment | undefined {
    const { bytes, keyframe, watchedBytes, tracks } = fragment;
    const isWatched = ({ traf }: PlacedFragment): boolean => this.#watched.has(traf.track.id);
    this.#hasFiller ||= filler > 0 || tracks.some(({ isFiller }) => isFiller === true);
    const last = this.#last;
    if (last !== undefined && !placed.some(isWatched)) {
      // A moof of the tracks that a player does not get: it belongs to the one before.
      this.#place(last, placed, last.bytes);
      last.bytes += bytes.length;
      return undefined;
    }
    const isMixed = watchedBytes === undefined && placed.some(isWatched) && !placed.every(isWatched);
    this.#isMixed ||= isMixed;
    const leading = placed.find(({ traf }) => traf.track.id === this.#leader?.track.id);
    const entry: Entry = {
      bytes: filler + bytes.length,
      watchedBytes: leading === undefined ? 0 : filler + (watchedBytes ?? bytes.length),
      keyframe,
      ...this.#times(leading),
      tracks: this.#tracks.map(() => undefined),
    };
    this.#place(entry, placed, filler);
    this.#flush();
    this.#last = entry;
    const { startMs, endMs } = entry;
    return isMixed || entry.watchedBytes === 0
      ? undefined
      : { startMs, endMs, keyframe, bytes: entry.watchedBytes };
  }

  /** @param head of the finished file, which has the tables of the tracks with samples. @param init of the fragmented one */
  finish(head: Pieces, init: Buffer): Pieces {
    this.#flush();
    const places = tablePlaces(head);
    const filled = this.#tracks.filter(({ table }) => table.samples > 0);
    const none = { position: 0, entries: 0 };
    return this.#writer.finish({
      container: 'mp4',
      headBytes: head.bytes,
      isMixed: this.#isMixed,
      init,
      tracks: this.#tracks.map(({ track, table, zeroTime }, at) => ({
        id: track.id,
        kind: track.info.kind,
        isWatched: this.#isInFragments(track, table),
        timescale: track.timescale,
        zeroTime,
        samples: table.samples,
        tables: places[filled.indexOf(this.#tracks[at] as PartTrack)] ?? {
          durations: none,
          offsets: none,
          syncSamples: none,
          sizes: none,
        },
      })),
    });
  }

  /** A player must be told of a track that fragments have, were it filler alone, and of no other. */
  #isInFragments({ id, info }: Track, { samples }: SampleTable): boolean {
    return this.#watched.has(id) && (samples > 0 || (info.kind === 'audio' && this.#hasFiller));
  }

  #flush(): void {
    if (this.#last !== undefined) this.#writer.add(this.#last);
    this.#last = undefined;
  }

  /** Where pictures are missing, it is where those before ended. */
  #times(leading: PlacedFragment | undefined): Pick<FragmentEntry, 'startMs' | 'endMs'> {
    if (leading === undefined || this.#leader === undefined) {
      const endMs = this.#last?.endMs ?? 0;
      return { startMs: endMs, endMs };
    }
    const { timescale } = this.#leader.track;
    this.#shift ??= leading.traf.runs[0]?.samples[0]?.compositionOffset ?? 0;
    const start = leading.decodeTime + this.#shift - this.#leader.zeroTime;
    return {
      startMs: (start / timescale) * 1000,
      endMs: ((start + durationOf(leading.traf)) / timescale) * 1000,
    };
  }

  #place(entry: Entry, placed: readonly PlacedFragment[], from: number): void {
    for (const { traf, decodeTime, place } of placed) {
      const at = this.#tracks.findIndex(({ track }) => track.id === traf.track.id);
      const runs = traf.runs.map(({ dataOffset, samples }) => ({
        samples: samples.length,
        dataOffset: from + dataOffset,
      }));
      const before = entry.tracks[at];
      const added: Omit<FragmentTrack, 'sample' | 'samples'> = {
        decodeTime,
        duration: durationOf(traf),
        firstOffset: traf.runs[0]?.samples[0]?.compositionOffset ?? 0,
        ...place,
        runs,
      };
      entry.tracks[at] =
        before === undefined
          ? added
          : {
              ...before,
              duration: before.duration + added.duration,
              runs: [...before.runs, ...runs],
            };
    }
  }
}

/** As the fragment has it, in the track's timescale. */
export function durationOf({ runs }: TrackFragment): number {
  let duration = 0;
  for (const { samples } of runs) for (const sample of samples) duration += sample.duration;
  return duration;
}
