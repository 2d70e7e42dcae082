import type { PageStore } from '../pages.ts';
import type { Pieces } from '../pieces.ts';
import type { SilentFrame } from '../tracks/aacSilence.ts';
import type { PartMuxer, PartSummary, PlayedFragment, TrackInfo } from '../types.ts';
import { fillerFragment, fillerOf } from './filler.ts';
import type { Mp4Fragment } from './fragment.ts';
import type { InitSegment, Track } from './initSegment.ts';
import { type Edit, fragmentedHead, indexedHead } from './movie.ts';
import type { TrackFragment } from './movieFragment.ts';
import { type PlacedRuns, withoutOverlap } from './overlap.ts';
import { durationOf, PartIndex, type PlacedFragment } from './partIndex.ts';
import { areAlike } from './sameSetup.ts';
import { SampleTable } from './sampleTable.ts';
import { watchedIds } from './watched.ts';

interface TrackState {
  readonly track: Track;
  readonly table: SampleTable;
  /** What is taken from ffmpeg's decode times, so that the part's begin at 0. */
  base: number;
  /** Decode time of the part that is shown at its zero, in the track's timescale; the fragmented head's edit says it. */
  readonly zeroTime: number;
}

/** Sound beside pictures, which a player is given without a hole. */
interface Sound {
  readonly own: TrackState;
  readonly pictures: TrackState;
  readonly frame: SilentFrame;
  /** Until where a player has some, and until where it has pictures, both in the sound's timescale. */
  end: number;
  picturesEnd: number;
}

/** A player jumps over less. */
const FILLED_MIN_SECONDS = 0.1;
/** Pictures that come so much later than those before have a gap, and the sound with them. */
const JOINED_MAX_SECONDS = 0.3;
/** Of silence at once: FILLER_MAX_BYTES hold so many of eight channels. */
const FILLER_MAX_FRAMES = 1_000;

/**
 * One MP4 part. While it is recorded it is a fragmented file; `finish` gives the head that makes an ordinary one of it,
 * with the index in front and the old moofs lying unused inside the mdat.
 */
export class Mp4Muxer implements PartMuxer {
  readonly head: Buffer;
  readonly playedHead: Buffer;
  readonly #init: InitSegment;
  readonly #states: readonly TrackState[];
  readonly #startMs: number;
  #endMs: number;
  /** From the timeline of ffmpeg's present run to that of the first one. */
  #runOffsetMs = 0;
  #mediaBytes = 0;
  readonly #index: PartIndex;
  readonly #sound: Sound | undefined;
  /** Tracks that `playedHead` tells of. */
  readonly #played: ReadonlySet<number>;
  #playedLast: PlayedFragment | undefined;

  /**
   * @param pages for the index, while it grows
   * @param options fillsSilence: the fragments are being written, and not read
   */
  constructor(first: Mp4Fragment, pages: PageStore, options: { readonly fillsSilence: boolean }) {
    const { init } = first;
    this.#init = init;
    this.#startMs = first.startMs;
    this.#endMs = first.startMs;
    this.#states = init.tracks.map((track) => trackState(track, first, new SampleTable(pages)));
    this.#index = new PartIndex(this.#states, pages);
    this.#sound = options.fillsSilence ? soundOf(this.#states) : undefined;
    // A duration of 0 goes on to the end of a fragmented file.
    const edits = (track: Track) => [{ seconds: 0, mediaTime: this.#stateOf(track).zeroTime }];
    this.head = fragmentedHead(init, edits);
    const tracks = playedTracks(first, this.#sound?.own.track);
    this.#played = new Set(tracks.map(({ id }) => id));
    this.playedHead = fragmentedHead({ ...init, tracks }, edits);
  }

  get played(): PlayedFragment | undefined {
    return this.#playedLast;
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
    const placed: PlacedFragment[] = [];
    const tracks = fragment.tracks.map((traf) => this.#withoutOverlap(traf, fragment.bytes));
    const filler = this.#fillerBefore(tracks);
    this.#mediaBytes += filler.length;
    for (const { traf, decodeTime } of tracks) {
      const state = this.#stateOf(traf.track);
      writeDecodeTime(fragment.bytes, traf, decodeTime);
      if (traf.isFiller === true) continue;
      const place = state.table.add(traf, decodeTime, this.#mediaBytes);
      if (place !== undefined) placed.push({ traf, decodeTime, place });
    }
    const played = this.#index.add(fragment, placed, filler.length);
    const watched = watchedIds(this.#init);
    const isTold = placed.every(
      ({ traf: { track } }) => this.#played.has(track.id) || !watched.has(track.id),
    );
    this.#playedLast = isTold ? played : undefined;
    this.#endMs = Math.max(this.#endMs, fragment.endMs + this.#runOffsetMs);
    this.#mediaBytes += fragment.bytes.length;
    return filler.length === 0 ? fragment.bytes : Buffer.concat([filler, fragment.bytes]);
  }

  accepts({ init, keyframe }: Mp4Fragment): boolean {
    if (init === this.#init) return true;
    const { tracks } = init;
    const isAll = tracks.length === this.#states.length || !keyframe;
    return isAll && tracks.every((track) => this.#takes(track));
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

  finish(): { readonly head: Pieces; readonly index: Pieces } {
    const tracks = this.#states
      .filter(({ table }) => table.samples > 0)
      .map((state) => {
        state.table.finish();
        return { track: state.track, table: state.table, edits: finalEdits(state) };
      });
    const head = indexedHead(this.#init, tracks, this.#mediaBytes);
    return { head, index: this.#index.finish(head, this.head) };
  }

  #withoutOverlap(traf: TrackFragment, bytes: Buffer): PlacedRuns {
    const { base, table } = this.#stateOf(traf.track);
    return withoutOverlap(traf, traf.decodeTime - base, table.earliestNext, bytes);
  }

  /** Silence for a player, from where sound ended to where it comes again, or as long as there are pictures. */
  #fillerBefore(tracks: readonly PlacedRuns[]): Buffer {
    const sound = this.#sound;
    if (sound === undefined) return NOTHING;
    const { own, pictures, frame } = sound;
    const { timescale } = own.track;
    const heard = tracks.find(({ traf }) => traf.track.id === own.track.id);
    const seen = tracks.find(({ traf }) => traf.track.id === pictures.track.id);
    const heardEnd = heard === undefined ? 0 : heard.decodeTime + durationOf(heard.traf);
    let filler: Buffer = NOTHING;
    if (seen !== undefined) {
      const seconds = (time: number): number => (time - pictures.zeroTime) / pictures.track.timescale;
      const atOwn = (time: number): number => own.zeroTime + Math.round(seconds(time) * timescale);
      const seenAt = seen.decodeTime;
      const seenEnd = atOwn(seenAt + durationOf(seen.traf));
      const isJoined = atOwn(seenAt) - sound.picturesEnd < JOINED_MAX_SECONDS * timescale;
      const from = isJoined ? sound.end : Math.max(sound.end, atOwn(seenAt));
      const missing = Math.min(heard?.decodeTime ?? seenEnd, seenEnd) - from;
      if (missing >= FILLED_MIN_SECONDS * timescale) {
        const frames = Math.min(Math.floor(missing / frame.duration), FILLER_MAX_FRAMES);
        filler = fillerFragment(own.track, frame, frames, from);
        sound.end = from + frames * frame.duration;
      }
      sound.picturesEnd = seenEnd;
    }
    sound.end = Math.max(sound.end, heardEnd);
    return filler;
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

/** A player waits for ever for sound that it is told of: it must be in the fragments, were it silence of ours. */
function playedTracks({ init, tracks }: Mp4Fragment, filled: Track | undefined): readonly Track[] {
  const watched = watchedIds(init);
  const isThere = ({ id, info }: Track): boolean =>
    info.kind === 'video' || id === filled?.id || tracks.some(({ track }) => track.id === id);
  return init.tracks.filter((track) => watched.has(track.id) && isThere(track));
}

/** Undefined where there is no sound beside pictures, or of a codec whose silence is not known. */
function soundOf(states: readonly TrackState[]): Sound | undefined {
  const watched = watchedIds({ tracks: states.map(({ track }) => track) });
  const first = (kind: 'video' | 'audio'): TrackState | undefined =>
    states.find(({ track }) => watched.has(track.id) && track.info.kind === kind);
  const [pictures, own] = [first('video'), first('audio')];
  const frame = own === undefined ? undefined : fillerOf(own.track);
  if (pictures === undefined || own === undefined || frame === undefined) return undefined;
  return { own, pictures, frame, end: own.zeroTime, picturesEnd: own.zeroTime };
}

const NOTHING = Buffer.alloc(0);

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
