import type { Cut, TimedSample } from './trackCut.ts';

/** The samples of a track that a piece has: some more than are shown, where decoding needs them. */
export interface Selection {
  /** Numbers in the record's tables, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** What is shown: from when until when, in the part's media time. */
  readonly startMs: number;
  readonly endMs: number;
  /** Samples among them are to be shown after the end: others refer to them. */
  readonly hasHiddenTail: boolean;
  /** Of the record. */
  readonly fromByte: number;
  readonly endByte: number;
}

/** Callers count in whole milliseconds, frames do not. */
export const ROUNDED_MS = 0.5;
/** Frames of sound that a decoder is given before it is heard: Opus asks for 80 ms. */
const SOUND_BEFORE_FRAMES = 4;

/** Where a frame is meant, in whole milliseconds: not one before. */
export const isFrom = (startMs: number, fromMs: number): boolean => startMs >= fromMs - ROUNDED_MS;
export const isBefore = (startMs: number, toMs: number): boolean => startMs < toMs - ROUNDED_MS;

/** Pictures: from the last one at which decoding can begin to the last one that is shown. @returns undefined where none is */
export function selectPictures(samples: Iterable<TimedSample>, cut: Cut): Selection | undefined {
  let shown: Shown | undefined;
  for (const sample of samples) {
    const { sync, startMs } = sample;
    if (sync && (shown === undefined || isFrom(cut.fromMs, startMs))) shown = new Shown(sample, cut, isFrom);
    shown?.take(sample, isBefore(startMs, cut.toMs));
  }
  return shown?.selection;
}

/** Sound: whatever is heard, and a bit before it where it begins in the middle. */
export function selectSound(
  samples: Iterable<TimedSample>,
  cut: Cut,
  isLastPiece: boolean,
): Selection | undefined {
  const { fromMs, toMs } = cut;
  const before: TimedSample[] = [];
  let heard: Shown | undefined;
  for (const sample of samples) {
    const { startMs, endMs } = sample;
    if (heard === undefined) {
      const first = Number.isFinite(fromMs) ? (before[0] ?? sample) : sample;
      if (endMs > fromMs) heard = new Shown(first, cut, () => true);
      before.push(sample);
      if (before.length > SOUND_BEFORE_FRAMES) before.shift();
    }
    // Another piece goes on there: the frame is in one of both.
    const middleMs = Math.min((startMs + endMs) / 2, startMs + FRAME_OF_SOUND_MAX_MS);
    heard?.take(sample, isLastPiece ? isBefore(startMs, toMs) : middleMs < toMs);
  }
  const found = heard?.selection;
  // It is cut in the middle of a frame.
  return found === undefined ? undefined : { ...found, startMs: Math.max(found.startMs, fromMs) };
}

/** A gap is told as a frame that lasts as long. */
const FRAME_OF_SOUND_MAX_MS = 60;

/** What is shown of the samples from one on, up to the last one that is wanted: in one pass, since a day has millions. */
class Shown {
  readonly #first: TimedSample;
  readonly #cut: Cut;
  readonly #begins: (startMs: number, fromMs: number) => boolean;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;
  #hasHidden: boolean = false;
  /** The same, of those up to the last one that is wanted. */
  #last: TimedSample | undefined;
  #lastStartMs = Number.POSITIVE_INFINITY;
  #lastEndMs = Number.NEGATIVE_INFINITY;
  #hasHiddenTail: boolean = false;

  /** @param begins whether what is shown may begin with a sample */
  constructor(first: TimedSample, cut: Cut, begins: (startMs: number, fromMs: number) => boolean) {
    this.#first = first;
    this.#cut = cut;
    this.#begins = begins;
  }

  take(sample: TimedSample, isWanted: boolean): void {
    const { fromMs, toMs } = this.#cut;
    const { startMs, endMs } = sample;
    if (!isBefore(startMs, toMs)) this.#hasHidden = true;
    else if (endMs > fromMs) {
      if (startMs < this.#startMs && this.#begins(startMs, fromMs)) this.#startMs = startMs;
      if (endMs > this.#endMs) this.#endMs = endMs;
    }
    if (!isWanted) return;
    this.#last = sample;
    this.#lastStartMs = this.#startMs;
    this.#lastEndMs = this.#endMs;
    this.#hasHiddenTail = this.#hasHidden;
  }

  /** Undefined where nothing is. */
  get selection(): Selection | undefined {
    const [first, last, { fromMs, toMs }] = [this.#first, this.#last, this.#cut];
    if (last === undefined || !Number.isFinite(this.#lastEndMs)) return undefined;
    return {
      first: first.number,
      last: last.number,
      startMs: Number.isFinite(this.#lastStartMs) ? this.#lastStartMs : fromMs,
      endMs: Math.min(this.#lastEndMs, toMs),
      hasHiddenTail: this.#hasHiddenTail,
      fromByte: first.offset,
      endByte: last.offset + last.bytes,
    };
  }
}
