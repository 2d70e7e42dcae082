import type { SentTime } from '../timeline/sentClocks.ts';

/** A piece of a live stream. */
export interface RunPiece {
  readonly bytes: Buffer;
  /** Another run begins with it: it can be read without what came before. */
  readonly begins: boolean;
}

/** A track that is in no run. */
export interface OtherTrack {
  readonly kind: 'audio' | 'video';
  /** As ffprobe names it; `none` where nobody knows it. */
  readonly codec: string;
  /** A demuxer would not read it beside others; or what says how it is coded has not come. */
  readonly reason: 'other_track' | 'never_came';
}

/**
 * Cuts a live stream where a track begins that a demuxer, which has made up its mind, would not follow: a camera that is
 * switched on, a codec that becomes another one. What is cut into runs is all that came: where pictures go on, the new
 * sound waits for their next keyframe, and comes in front of it.
 */
export interface RunCutter {
  /** Takes the next bytes, in chunks of any size. The pieces are views of them, or of memory of their own. */
  push(chunk: Buffer): RunPiece[];
  /** The stream has ended: what was waiting. */
  end(): RunPiece[];
  /** Pictures that were left out up to now, since no keyframe had come; 0 as soon as one has. */
  readonly undecodable: number;
  /** Pieces of media that nobody can read without a key, since the last one that is not so. */
  readonly scrambled: number;
  readonly otherTracks: readonly OtherTrack[];
  /** So many have come, not counting what says what is to come. */
  readonly samples: number;
  /** Pictures have come that can be decoded, or sound to the present run: a demuxer may get one only when others have begun. */
  hasCome(kind: 'video' | 'audio'): boolean;
  /** Samples that have come since the last call, in the order in which they were sent. */
  takeSent(): readonly SentTime[];
}

/** A demuxer looks for tracks for as long, and in as much; a little less, so that it surely has seen what came by then. */
const LOOKED_AT_MS = 2_800;
const LOOKED_AT_BYTES = 4 * 1024 * 1024;
/** And a demuxer of the recorder's own a little more than that: it must see all that is in its run. */
const OWN_LOOK_MS = 3_000;
const OWN_LOOK_BYTES = 5 * 1024 * 1024;
/** What begins waits no longer for a keyframe. */
const WAIT_MAX_MS = 15_000;
const WAIT_MAX_BYTES = 16 * 1024 * 1024;
/** Pictures that have not come for so long are not waited for. */
const GOES_ON_MS = 3_000;

/** Whether a demuxer still looks for tracks in a run. @param runMs how much of it has come. @param bytes of it */
export const isLookedAt = (runMs: number, bytes: number): boolean =>
  runMs < LOOKED_AT_MS && bytes < LOOKED_AT_BYTES;

/** Whether a demuxer of the recorder's own has looked for tracks for long enough: what comes now is cut off. As `isLookedAt`. */
export const hasBeenLookedAt = (runMs: number, bytes: number): boolean =>
  runMs >= OWN_LOOK_MS || bytes >= OWN_LOOK_BYTES;

/** Whether what begins is to come without a keyframe. */
export const waitsTooLong = (waitsMs: number, bytes: number): boolean =>
  waitsMs > WAIT_MAX_MS || bytes > WAIT_MAX_BYTES;

/** Whether pictures go on. @param sinceMs since the last one */
export const picturesGoOn = (sinceMs: number): boolean => sinceMs < GOES_ON_MS;

/** Pieces one behind the other, each of one run; what lies together in memory is not copied. */
export class RunPieces {
  readonly #pieces: RunPiece[] = [];
  /** What was added last begins with it, and ends there in its memory. */
  #first: Buffer | undefined;
  #end = 0;
  #begins: boolean = false;

  add(bytes: Buffer, begins = false): void {
    if (bytes.length === 0) return;
    const isBehind = this.#first?.buffer === bytes.buffer && this.#end === bytes.byteOffset;
    if (begins || !isBehind) {
      this.#close();
      this.#first = bytes;
      this.#begins = begins;
    }
    this.#end = bytes.byteOffset + bytes.length;
  }

  all(): RunPiece[] {
    this.#close();
    return this.#pieces;
  }

  #close(): void {
    const first = this.#first;
    if (first === undefined) return;
    const bytes = Buffer.from(first.buffer, first.byteOffset, this.#end - first.byteOffset);
    this.#pieces.push({ bytes, begins: this.#begins });
    this.#first = undefined;
  }
}
