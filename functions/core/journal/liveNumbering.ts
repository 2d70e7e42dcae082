import type { LiveSegment } from './entry.ts';

/** Bytes of a file that a player gets, from one of its fragments to a later one. */
export interface PlayedRange {
  readonly file: number;
  /** Of the entry that it is in. */
  readonly offset: number;
  readonly bytes: number;
  /** In the part's media time. */
  readonly startMs: number;
  readonly endMs: number;
  /** Of its bytes, those before what a player gets, and those that it gets. */
  readonly skipBytes: number;
  readonly playedBytes: number;
}

/** Frames that come so much later than they should have left a gap. */
export const GAP_MIN_MS = 500;

/**
 * What a segment lasts at most, by HLS's own rule (EXT-X-TARGETDURATION): the journal is written every `maxLossMs`, and a
 * fragment more may have come by then. It is fixed with the recording's settings, before its first frame.
 */
export const targetSeconds = (maxLossMs: number): number => Math.ceil(maxLossMs / 1000) + 1;

/**
 * Numbers the segments of one attempt in the order in which they come into the journal. Where bytes never do, numbers are
 * left out for as many segments as their time takes: so a list says for how long something is missing.
 */
export class LiveNumbering {
  readonly #targetMs: number;
  #sequence = 0;
  #discontinuity = 0;
  #file: number | undefined;
  /** Of the file, as far as it came. */
  #endOffset = 0;
  #endMs = 0;
  /** The last one is a single fragment that lasts longer than a segment may: the rest of its time has none. */
  #isCut: boolean = false;

  /** @param targetMs what a segment lasts at most */
  constructor(targetMs: number) {
    this.#targetMs = targetMs;
  }

  /** The entry has nothing for players. */
  skip({ file, offset, bytes }: Pick<PlayedRange, 'file' | 'offset' | 'bytes'>): void {
    if (file === this.#file && offset === this.#endOffset) this.#endOffset = offset + bytes;
  }

  next(range: PlayedRange): LiveSegment {
    const { file, offset, bytes, startMs, endMs, skipBytes, playedBytes } = range;
    const isFirst = this.#file === undefined;
    if (file !== this.#file) {
      if (!isFirst) this.#discontinuity += 1;
      this.#endOffset = 0;
      this.#endMs = 0;
    }
    if (offset !== this.#endOffset || this.#isCut) this.#sequence += this.#segmentsIn(startMs - this.#endMs);
    else if (file === this.#file && startMs - this.#endMs > GAP_MIN_MS) this.#discontinuity += 1;
    const segment = {
      sequence: this.#sequence,
      discontinuity: this.#discontinuity,
      startMs,
      endMs,
      skipBytes,
      bytes: playedBytes,
    };
    this.#sequence += 1;
    this.#file = file;
    this.#endOffset = offset + bytes;
    this.#isCut = endMs - startMs > this.#targetMs;
    this.#endMs = this.#isCut ? startMs + this.#targetMs : endMs;
    return segment;
  }

  #segmentsIn(ms: number): number {
    return Math.max(0, Math.ceil(ms / this.#targetMs));
  }
}
