import type { Pieces } from './pieces.ts';

/**
 * What is known of media here: samples are put together into fragments by a writer (`tracks/fragmentWriter.ts`), and
 * fragments into parts (files) by a muxer. One pair of both for each container format; the recorder above them does not know
 * which one it holds. Pure, so that the recorder uses it while it records and functions when they mend a rescued record.
 */

/** Kinds of container that a part can be. The file extension is the same word. */
export type ContainerFormat = 'mp4' | 'webm' | 'mkv' | 'ts';

export interface TrackInfo {
  readonly kind: 'video' | 'audio';
  /** Lower-case names as ffprobe has them: h264, hevc, vp8, vp9, av1, aac, opus, vorbis, mp3, pcm_*. */
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRateHz?: number;
  readonly channels?: number;
  /** ISO 639, as the source has it. */
  readonly language?: string;
}

/** What is in a file before a fragment that begins something: all that came before it, or something that ends earlier. */
export type Before = 'nothing' | 'gap' | 'all';

/** About 1 s of media as one piece: moof+mdat, a WebM cluster, TS up to the next PAT. */
export interface Fragment {
  /**
   * Valid until the next fragment is made or read, which uses the memory again: whoever keeps them copies them. The muxer
   * that takes the fragment may move the times inside.
   */
  readonly bytes: Buffer;
  /** First presentation time on the attempt's own timeline, in milliseconds (fractions allowed). */
  readonly startMs: number;
  /** Until the last frame of the fragment has been shown, in milliseconds. */
  readonly endMs: number;
  /** First presentation time of its pictures, where it has some: sound may begin before them. */
  readonly picturesFromMs?: number;
  /** Until the last of them has been shown: sound may go on behind that. */
  readonly picturesUntilMs?: number;
  /** When its first sound is heard, where it has some. */
  readonly soundFromMs?: number;
  /** Until its last sound has been heard: pictures may go on behind that. */
  readonly soundUntilMs?: number;
  /** Starts with a video keyframe, or there is no video at all: a part may begin here. */
  readonly keyframe: boolean;
  /**
   * The fragment as a part, or a run of ffmpeg's within one, can begin with it. Behind a gap, and where nothing is before it:
   * without pictures that are made of those before the keyframe, and without a word of those. In a file that has something
   * already: without what an encoder of ours puts in front of its first sound. In place of this one, whose bytes it takes.
   * Undefined where it is the same.
   */
  readonly asBeginning?: (behind: Before) => Fragment | undefined;
}

export interface PartSummary {
  /** Shown time of the part, from zero to the end of the last frame, in milliseconds. */
  readonly durationMs: number;
  /** First and last presentation time on the attempt's timeline, in milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Video frames in the part, 0 for audio only. */
  readonly videoFrames: number;
}

/** What a player gets of a fragment, in the part's media time. */
export interface PlayedFragment {
  readonly startMs: number;
  readonly endMs: number;
  readonly keyframe: boolean;
  /** Of the bytes that `add` gave, from the first one on. */
  readonly bytes: number;
}

/** Makes one part (file) of fragments. All returned buffers are to be appended in order. */
export interface PartMuxer {
  /** The first bytes of the file. With what `add` gave after them they are playable at every moment. */
  readonly head: Buffer;
  readonly tracks: readonly TrackInfo[];
  /**
   * The fragment may be added. Not when the source has changed its video's parameters with it (the resolution), which
   * this part's head does not describe: another part must begin. Of what goes on without a keyframe not all tracks need be there.
   */
  accepts(fragment: Fragment): boolean;
  /** The fragment with its times moved so that the part starts at zero. */
  add(fragment: Fragment): Buffer;
  /**
   * ffmpeg was started again: goes on in this file, if it can hold what comes now (the same codecs, set up alike).
   * @param first of the new run's fragments; it is not added by that
   * @param atMs where it is shown in the part, at its end or later
   * @returns false: another part must begin
   */
  resume(first: Fragment, atMs: number): boolean;
  /**
   * What a player is given before any of the fragments, while the part is recorded; empty where it needs nothing, undefined
   * for a format that is not played as a stream.
   */
  readonly playedHead: Buffer | undefined;
  /** Of the fragment that was added last; undefined where a player gets nothing of it. */
  readonly played: PlayedFragment | undefined;
  /** So far: for rotation by time and for progress. */
  readonly summary: PartSummary;
  /**
   * The part is complete. `head` replaces the first `this.head.length` bytes of the file and makes it an ordinary
   * one (index in front); undefined where the format needs none (TS). Nothing after the old head changes. `index` is that
   * of the part's fragments (./fragmentIndex/types.ts); undefined for a format that is played as it is, or not at all. Both
   * are read out of the pages that the part was given.
   */
  finish(): { readonly head: Pieces | undefined; readonly index: Pieces | undefined };
}

/** `add` gives no more than so many bytes besides those of the fragment: silence, where sound is missing. */
export const FILLER_MAX_BYTES = 64 * 1024;

/** The bytes are not what their format asks for. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
}
