/**
 * The index of a part's fragments: where each lies in the record, when it is shown, and where its samples stand in the
 * record's own tables. It is what playlists, clips and joined files are made of, without reading the record.
 *
 * All numbers are varints (./varint.ts); zz is a signed one.
 * ```
 * "SRFI" version container(0 MP4, 1 MPEG-TS) headBytes flags(1: tracks lie together)
 * init: length, bytes                    ftyp and moov of the fragmented file, empty for MPEG-TS
 * tracks, each: id kind(0 video, 1 audio) isWatched timescale zeroTime samples
 *               stts, ctts, stss, stsz, each: position in the record, entries (0, 0 where there is none)
 * fragments, each: 4·bytes + 2·(watchedBytes ≠ bytes) + keyframe, [watchedBytes]
 *                  start as zz from the end of the one before, duration; both in 1/90,000 s
 *                  for each track: runs; where there are some:
 *                    each run: samples, dataOffset
 *                    decode time as zz from the end of the track's samples before, their duration
 *                    zz composition offset of the first sample
 *                    stts and ctts, each: entries since the last place, samples into the entry
 *                    sync samples since the last place
 * ```
 * A day of pictures and sound has about 3 MB.
 */
export const FRAGMENT_INDEX_VERSION = 1;
export const FRAGMENT_INDEX_MAGIC = 'SRFI';
/** Of starts and durations. */
export const INDEX_TICKS_PER_MS = 90;

export const INDEXED_CONTAINERS = ['mp4', 'ts'] as const;
export type IndexedContainer = (typeof INDEXED_CONTAINERS)[number];

/** A place in a table of runs (stts, ctts): this entry, after so many of its samples. */
export interface RunPlace {
  readonly entry: number;
  readonly into: number;
}

/** What a track has in a fragment. Times in its timescale, in the fragmented file's decode time. */
export interface FragmentTrack {
  /** Number of its first sample in the record's tables, from 0. */
  readonly sample: number;
  readonly samples: number;
  readonly decodeTime: number;
  readonly duration: number;
  /** Composition offset of the first sample. */
  readonly firstOffset: number;
  readonly durations: RunPlace;
  readonly offsets: RunPlace;
  /** Sync samples before it. */
  readonly syncSamples: number;
  /** Samples that lie one after the other, from so many bytes after the fragment's beginning on. */
  readonly runs: readonly { readonly samples: number; readonly dataOffset: number }[];
}

/** Where a fragment lies, and when it is shown. */
export interface FragmentSpan {
  /** From the record's first byte. */
  readonly offset: number;
  readonly bytes: number;
  /** Of its bytes, from the first on, those that a player gets; 0 where the picture is missing. */
  readonly watchedBytes: number;
  readonly keyframe: boolean;
  /** In the part's media time. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface IndexedFragment extends FragmentSpan {
  /** In the order of the index's tracks; undefined for one that is silent. */
  readonly tracks: readonly (FragmentTrack | undefined)[];
}

/** A table of the record: where its first entry lies, and how many there are. */
export interface TablePlace {
  readonly position: number;
  readonly entries: number;
}

export interface IndexedTrack {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  /** The first of its kind, which a player gets. */
  readonly isWatched: boolean;
  readonly timescale: number;
  /** Decode time that is shown at the part's zero. */
  readonly zeroTime: number;
  readonly samples: number;
  readonly tables: {
    readonly durations: TablePlace;
    readonly offsets: TablePlace;
    readonly syncSamples: TablePlace;
    readonly sizes: TablePlace;
  };
}

export interface FragmentIndex {
  readonly container: IndexedContainer;
  /** Of the record, before its first fragment. */
  readonly headBytes: number;
  /** Tracks that are not watched lie inside the ranges of those that are: no player can be given one without the other. */
  readonly isMixed: boolean;
  /** ftyp and moov of the fragmented file. */
  readonly init: Buffer;
  readonly tracks: readonly IndexedTrack[];
  /** One after the other, so that an index of a day need not be in memory. @throws MediaError */
  fragments(): Iterable<IndexedFragment>;
  /** The same without their tracks, several times as fast. @throws MediaError */
  spans(): Iterable<FragmentSpan>;
}
