import type { TakenSegment } from '../../../functions/core/hls/alignment.ts';
import type { MediaSegment } from '../../../functions/core/hls/playlist.ts';

/** A segment that is to be taken next. */
export interface NextSegment {
  readonly segment: MediaSegment;
  readonly base: string;
  /** Numbers have begun again with it. */
  readonly isRestart: boolean;
  /** Of segments that were in the playlist while nobody looked, or have no media. */
  readonly missedMs: number;
  /** When a playlist that has it could be had, in epoch milliseconds: it is not told of who looks late. */
  readonly foundAtMs: number;
  /** When somebody looked, and it was there. */
  readonly seenAtMs: number;
  /** It was taken before, and is to be taken again. */
  readonly isAgain: boolean;
}

/** A segment of a playlist, as it was listed. */
export interface Listed extends NextSegment, TakenSegment {
  /** Goes up where media sequence numbers begin again. */
  readonly numbering: number;
  /** Of the segment's first bytes; undefined while they are not known. */
  fingerprint: string | undefined;
  isSkipped: boolean;
}
