import { PagedBytes, type PageStore } from '../pages.ts';
import { joined, type Pieces } from '../pieces.ts';
import {
  FRAGMENT_INDEX_MAGIC,
  FRAGMENT_INDEX_VERSION,
  type FragmentTrack,
  INDEX_TICKS_PER_MS,
  INDEXED_CONTAINERS,
  type IndexedContainer,
  type IndexedTrack,
  type RunPlace,
} from './types.ts';
import { pushSignedVarint, pushVarint } from './varint.ts';

/** A fragment as its muxer knows it: it lies behind the one before. */
export interface FragmentEntry {
  readonly bytes: number;
  readonly watchedBytes: number;
  readonly keyframe: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** By the place of the track. */
  readonly tracks: readonly (Omit<FragmentTrack, 'sample' | 'samples'> | undefined)[];
}

export interface IndexFacts {
  readonly container: IndexedContainer;
  readonly headBytes: number;
  readonly isMixed: boolean;
  readonly init: Buffer;
  readonly tracks: readonly IndexedTrack[];
}

interface TrackPlace {
  decodeEnd: number;
  durations: RunPlace;
  offsets: RunPlace;
  syncSamples: number;
}

/** Writes the index while the part grows; of it only the last page is in memory. */
export class FragmentIndexWriter {
  readonly #table: PagedBytes;
  readonly #places: TrackPlace[];
  #endTicks = 0;
  #fragments = 0;

  /** @param tracks how many there are */
  constructor(pages: PageStore, tracks: number) {
    this.#table = new PagedBytes(pages);
    this.#places = Array.from({ length: tracks }, () => ({
      decodeEnd: 0,
      durations: { entry: 0, into: 0 },
      offsets: { entry: 0, into: 0 },
      syncSamples: 0,
    }));
  }

  add({ bytes, watchedBytes, keyframe, startMs, endMs, tracks }: FragmentEntry): void {
    const out: number[] = [];
    pushVarint(out, 4 * bytes + (watchedBytes === bytes ? 0 : 2) + (keyframe ? 1 : 0));
    if (watchedBytes !== bytes) pushVarint(out, watchedBytes);
    const start = Math.round(startMs * INDEX_TICKS_PER_MS);
    const duration = Math.max(0, Math.round(endMs * INDEX_TICKS_PER_MS) - start);
    pushSignedVarint(out, start - this.#endTicks);
    pushVarint(out, duration);
    this.#endTicks = start + duration;
    for (const [place, before] of this.#places.entries()) pushTrack(out, tracks[place], before);
    this.#table.push(out);
    this.#fragments += 1;
  }

  /** The whole index. */
  finish({ container, headBytes, isMixed, init, tracks }: IndexFacts): Pieces {
    const out = [...Buffer.from(FRAGMENT_INDEX_MAGIC, 'latin1')];
    pushVarint(out, FRAGMENT_INDEX_VERSION);
    pushVarint(out, INDEXED_CONTAINERS.indexOf(container));
    pushVarint(out, headBytes);
    pushVarint(out, isMixed ? 1 : 0);
    pushVarint(out, init.length);
    const described: number[] = [];
    pushVarint(described, tracks.length);
    for (const { id, kind, isWatched, timescale, zeroTime, samples, tables } of tracks) {
      const { durations, offsets, syncSamples, sizes } = tables;
      for (const value of [id, kind === 'audio' ? 1 : 0, isWatched ? 1 : 0, timescale, zeroTime, samples])
        pushVarint(described, value);
      for (const { position, entries } of [durations, offsets, syncSamples, sizes]) {
        pushVarint(described, position);
        pushVarint(described, entries);
      }
    }
    pushVarint(described, this.#fragments);
    return joined(Buffer.from(out), init, Buffer.from(described), this.#table);
  }
}

function pushTrack(out: number[], track: FragmentEntry['tracks'][number], before: TrackPlace): void {
  pushVarint(out, track?.runs.length ?? 0);
  if (track === undefined) return;
  for (const { samples, dataOffset } of track.runs) {
    pushVarint(out, samples);
    pushVarint(out, dataOffset);
  }
  pushSignedVarint(out, track.decodeTime - before.decodeEnd);
  pushVarint(out, track.duration);
  pushSignedVarint(out, track.firstOffset);
  for (const name of ['durations', 'offsets'] as const) {
    pushVarint(out, track[name].entry - before[name].entry);
    pushVarint(out, track[name].into);
    before[name] = track[name];
  }
  pushVarint(out, track.syncSamples - before.syncSamples);
  before.syncSamples = track.syncSamples;
  before.decodeEnd = track.decodeTime + track.duration;
}
