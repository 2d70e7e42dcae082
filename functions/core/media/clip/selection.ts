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

/**
 * Pictures: from the last one at which decoding can begin to the last one that is shown.
 * @param samples makes them anew at each call. @returns undefined where none is shown
 */
export function selectPictures(
  samples: () => Iterable<TimedSample>,
  { fromMs, toMs }: Cut,
): Selection | undefined {
  let first: TimedSample | undefined;
  let last: TimedSample | undefined;
  for (const sample of samples()) {
    if (sample.sync && (first === undefined || isFrom(fromMs, sample.startMs))) first = sample;
    if (isBefore(sample.startMs, toMs)) last = sample;
  }
  return between(samples, first, last, { fromMs, toMs }, isFrom);
}

/** Sound: whatever is heard, and a bit before it where it begins in the middle. */
export function selectSound(
  samples: () => Iterable<TimedSample>,
  { fromMs, toMs }: Cut,
  isLastPiece: boolean,
): Selection | undefined {
  const before: TimedSample[] = [];
  let first: TimedSample | undefined;
  let last: TimedSample | undefined;
  for (const sample of samples()) {
    const { startMs, endMs } = sample;
    if (first === undefined) {
      if (endMs > fromMs) first = Number.isFinite(fromMs) ? (before[0] ?? sample) : sample;
      before.push(sample);
      if (before.length > SOUND_BEFORE_FRAMES) before.shift();
    }
    // Another piece goes on there: the frame is in one of both.
    const middleMs = Math.min((startMs + endMs) / 2, startMs + FRAME_OF_SOUND_MAX_MS);
    if (isLastPiece ? isBefore(startMs, toMs) : middleMs < toMs) last = sample;
  }
  const found = between(samples, first, last, { fromMs, toMs }, () => true);
  // It is cut in the middle of a frame.
  return found === undefined ? undefined : { ...found, startMs: Math.max(found.startMs, fromMs) };
}

/** A gap is told as a frame that lasts as long. */
const FRAME_OF_SOUND_MAX_MS = 60;

function between(
  samples: () => Iterable<TimedSample>,
  first: TimedSample | undefined,
  last: TimedSample | undefined,
  { fromMs, toMs }: Cut,
  begins: (startMs: number, fromMs: number) => boolean,
): Selection | undefined {
  if (first === undefined || last === undefined || last.number < first.number) return undefined;
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  let hasHiddenTail = false;
  for (const sample of samples()) {
    if (sample.number < first.number) continue;
    if (sample.number > last.number) break;
    if (!isBefore(sample.startMs, toMs)) hasHiddenTail = true;
    else if (sample.endMs > fromMs) {
      if (begins(sample.startMs, fromMs)) startMs = Math.min(startMs, sample.startMs);
      endMs = Math.max(endMs, sample.endMs);
    }
  }
  if (!Number.isFinite(endMs)) return undefined;
  return {
    first: first.number,
    last: last.number,
    startMs: Number.isFinite(startMs) ? startMs : fromMs,
    endMs: Math.min(endMs, toMs),
    hasHiddenTail,
    fromByte: first.offset,
    endByte: last.offset + last.bytes,
  };
}
