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
  /** What is taken from ffmpeg's decode times, so that the part's begin at 0. */
  base: number;
  /** Decode time of the part that is shown at its zero, in the track's timescale; the fragmented head's edit says it. */
  readonly zeroTime: number;
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
    // A duration of 0 goes on to the end of a fragmented file.
    this.head = fragmentedHead(init, (track) => [{ seconds: 0, mediaTime: this.#stateOf(track).zeroTime }]);
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
      const seconds = (first.startMs - atMs) / 1000 - track.shiftSeconds;
      state.base = Math.round(seconds * track.timescale) - state.zeroTime;
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

/**
 * The part's zero is when the first of all its frames is shown. A track's decode times are counted from there, so that one
 * that begins later says so itself; those that are decoded before the zero are counted from the first one, and the edit
 * says how much later the zero is.
 */
function trackState(track: Track, first: Mp4Fragment, table: SampleTable): TrackState {
  const zero = Math.round((first.startMs / 1000 - track.shiftSeconds) * track.timescale);
  const own = first.tracks.find((traf) => traf.track.id === track.id);
  const base = Math.min(zero, own?.decodeTime ?? zero);
  return { track, table, base, zeroTime: zero - base };
}

/** Half a unit of the movie's time: less cannot be said, and is not heard. */
const LATE_MIN_SECONDS = 0.0005;

/** Of an ordinary file, whose decode times all begin at 0: an empty edit says that a track begins later. */
function finalEdits({ table, track, zeroTime }: TrackState): readonly Edit[] {
  const { timescale } = track;
  const firstDecoded = table.firstDecodeTime ?? 0;
  // An encoder's priming is decoded, and not shown.
  const firstShown = Math.max(table.firstShown, zeroTime);
  const lateSeconds = (firstShown - zeroTime) / timescale;
  const late = lateSeconds >= LATE_MIN_SECONDS ? [{ seconds: lateSeconds, mediaTime: -1 }] : [];
  return [
    ...late,
    { seconds: (table.lastShownEnd - firstShown) / timescale, mediaTime: firstShown - firstDecoded },
  ];
}

function writeDecodeTime(bytes: Buffer, traf: TrackFragment, decodeTime: number): void {
  if (traf.decodeTimeBytes === 8) bytes.writeBigUInt64BE(BigInt(decodeTime), traf.decodeTimeAt);
  else bytes.writeUInt32BE(decodeTime, traf.decodeTimeAt);
}
