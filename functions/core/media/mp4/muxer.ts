import type { PageStore } from '../pages.ts';
import type { Pieces } from '../pieces.ts';
import type { PartMuxer, PartSummary, TrackInfo } from '../types.ts';
import { areAlike } from './changedInitSegment.ts';
import type { Mp4Fragment } from './fragment.ts';
import type { InitSegment, Track } from './initSegment.ts';
import { type Edit, fragmentedHead, indexedHead } from './movie.ts';
import type { TrackFragment } from './movieFragment.ts';
import { SampleTable } from './sampleTable.ts';

interface TrackState {
  readonly track: Track;
  readonly table: SampleTable;
  /** Decode time of ffmpeg's that is the part's zero in this track. */
  base: number;
  /** Where that zero is shown in the part, in seconds; the fragmented head's edit list says it. */
  readonly offsetSeconds: number;
  readonly edits: readonly Edit[];
}

/**
 * One MP4 part. While it is recorded it is a fragmented file; `finish` gives the head that makes an ordinary one of it,
 * with the index in front and the old moofs lying unused inside the mdat.
 */
export class Mp4Muxer implements PartMuxer {
  readonly head: Buffer;
  readonly #init: InitSegment;
  readonly #states: readonly TrackState[];
  readonly #startMs: number;
  #endMs: number;
  /** From the timeline of ffmpeg's present run to that of the first one. */
  #runOffsetMs = 0;
  #mediaBytes = 0;

  /** @param pages for the index, while it grows */
  constructor(first: Mp4Fragment, pages: PageStore) {
    const { init } = first;
    this.#init = init;
    this.#startMs = first.startMs;
    this.#endMs = first.startMs;
    this.#states = init.tracks.map((track) => trackState(track, first, new SampleTable(pages)));
    this.head = fragmentedHead(init, (track) => this.#stateOf(track).edits);
  }

  get tracks(): readonly TrackInfo[] {
    return this.#init.tracks.map(({ info }) => info);
  }

  get summary(): PartSummary {
    const video = this.#states.find(({ track }) => track.info.kind === 'video');
    return {
      startMs: this.#startMs,
      endMs: this.#endMs,
      durationMs: this.#endMs - this.#startMs,
      videoFrames: video?.table.samples ?? 0,
    };
  }

  add(fragment: Mp4Fragment): Buffer {
    for (const traf of fragment.tracks) {
      const { table, base } = this.#stateOf(traf.track);
      const decodeTime = Math.max(traf.decodeTime - base, table.lastDecodeTime);
      writeDecodeTime(fragment.bytes, traf, decodeTime);
      table.add(traf, decodeTime, this.#mediaBytes);
    }
    this.#endMs = Math.max(this.#endMs, fragment.endMs + this.#runOffsetMs);
    this.#mediaBytes += fragment.bytes.length;
    return fragment.bytes;
  }

  accepts({ init }: Mp4Fragment): boolean {
    if (init === this.#init) return true;
    const { tracks } = init;
    return tracks.length === this.#states.length && tracks.every((track) => this.#takes(track));
  }

  resume(first: Mp4Fragment, atMs: number): boolean {
    if (!this.accepts(first)) return false;
    for (const track of first.init.tracks) {
      const state = this.#stateOf(track);
      const seconds = state.offsetSeconds - track.shiftSeconds + (first.startMs - atMs) / 1000;
      state.base = Math.round(seconds * track.timescale);
    }
    this.#runOffsetMs = this.#startMs + atMs - first.startMs;
    return true;
  }

  /** Samples of this track can be described by the head that this part has. */
  #takes(track: Track): boolean {
    const own = this.#states.find((state) => state.track.id === track.id)?.track;
    return own !== undefined && areAlike(own, track);
  }

  finish(): { readonly head: Pieces } {
    const tracks = this.#states
      .filter(({ table }) => table.samples > 0)
      .map((state) => {
        state.table.finish();
        return { track: state.track, table: state.table, edits: finalEdits(state) };
      });
    return { head: indexedHead(this.#init, tracks, this.#mediaBytes) };
  }

  #stateOf(track: Track): TrackState {
    return this.#states.find((state) => state.track.id === track.id) as TrackState;
  }
}

/** The part's zero is when the first of all its frames is shown. */
function trackState(track: Track, first: Mp4Fragment, table: SampleTable): TrackState {
  const startSeconds = first.startMs / 1000;
  const own = first.tracks.find((traf) => traf.track.id === track.id);
  if (own === undefined) {
    // The track begins in a later fragment; its times stay on the part's timeline.
    const base = Math.round((startSeconds - track.shiftSeconds) * track.timescale);
    return { track, table, base, offsetSeconds: 0, edits: [] };
  }
  const base = own.decodeTime;
  const offsetSeconds = base / track.timescale + track.shiftSeconds - startSeconds;
  const firstShown = firstCompositionOffset(own);
  const lateSeconds = offsetSeconds + firstShown / track.timescale;
  return {
    track,
    table,
    base,
    offsetSeconds,
    edits: editsOf(track, lateSeconds, firstShown, undefined),
  };
}

function finalEdits({ table, track, offsetSeconds }: TrackState): readonly Edit[] {
  const lateSeconds = offsetSeconds + table.firstShown / track.timescale;
  const mediaTime = table.firstShown - (table.firstDecodeTime ?? 0);
  return editsOf(track, lateSeconds, mediaTime, (table.lastShownEnd - table.firstShown) / track.timescale);
}

/** Half a unit of the movie's time: less cannot be said, and is not heard. */
const LATE_MIN_SECONDS = 0.0005;

/**
 * @param lateSeconds when the track's first sample is shown; below zero for an encoder's priming, which is not
 * @param seconds from the first sample to the last one's end; undefined in a fragmented file, where it goes on
 */
function editsOf(
  track: Track,
  lateSeconds: number,
  mediaTime: number,
  seconds: number | undefined,
): readonly Edit[] {
  const hiddenSeconds = Math.max(0, -lateSeconds);
  const late = lateSeconds >= LATE_MIN_SECONDS ? [{ seconds: lateSeconds, mediaTime: -1 }] : [];
  const from = Math.max(0, mediaTime + Math.round(hiddenSeconds * track.timescale));
  // A duration of 0 goes on to the end of a fragmented file.
  return [...late, { seconds: seconds === undefined ? 0 : seconds - hiddenSeconds, mediaTime: from }];
}

/** Of the sample that is shown first: reordered video is decoded before it is shown. */
function firstCompositionOffset({ runs }: TrackFragment): number {
  let time = 0;
  let first = Number.POSITIVE_INFINITY;
  for (const { samples } of runs) {
    for (const { duration, compositionOffset } of samples) {
      first = Math.min(first, time + compositionOffset);
      time += duration;
    }
  }
  return first;
}

function writeDecodeTime(bytes: Buffer, traf: TrackFragment, decodeTime: number): void {
  if (traf.decodeTimeBytes === 8) bytes.writeBigUInt64BE(BigInt(decodeTime), traf.decodeTimeAt);
  else bytes.writeUInt32BE(decodeTime, traf.decodeTimeAt);
}
