import type { IndexedTrack } from '../fragmentIndex/types.ts';
import type { Track } from '../mp4/initSegment.ts';
import type { Edit } from '../mp4/movie.ts';
import type { Run } from '../mp4/movieFragment.ts';
import { SampleTable } from '../mp4/sampleTable.ts';
import { MemoryPages } from '../pages.ts';
import { ROUNDED_MS, type Selection } from './selection.ts';
import type { TimedSample } from './trackCut.ts';

/** A track of a piece: what of it is taken. */
export interface PieceTrack {
  readonly track: IndexedTrack;
  readonly selection: Selection;
  readonly samples: () => Iterable<TimedSample>;
}

/** Where a piece's samples come in the new file, and when they are shown there. */
export interface PiecePlace {
  /** When the part's zero is shown in the new file; negative where the file begins later in the part. */
  readonly zeroMs: number;
  /** Of a byte of the record: where it lies in the new file, counted from the end of the head. */
  readonly placeOf: (offset: number) => number;
  /** 1-based number of their sample description; 1 by default. */
  readonly description?: number;
}

/** From here on presentation and media time differ by another amount. */
interface Stretch {
  readonly atMs: number;
  /** Media time of what is shown at the file's zero, in the track's timescale; may be before the first sample. */
  readonly shift: number;
}

/** Half a unit of the movie's time: less cannot be said. */
const LATE_MIN_MS = 0.5;

/**
 * One track of a new file, out of pieces of others. Media time goes on through what is missing, as a sample that lasts as
 * long: players take an empty edit at the beginning of a list, and ffmpeg takes none between others.
 */
export class AssembledTrack {
  readonly table = new SampleTable(new MemoryPages());
  readonly #stretches: Stretch[] = [];
  readonly #timescale: number;
  #firstShownMs = 0;
  #endMs = 0;
  #nextDecodeTime = 0;
  #hasHiddenTail: boolean = false;

  constructor({ timescale }: Pick<Track, 'timescale'>) {
    this.#timescale = timescale;
  }

  add({ track, selection, samples }: PieceTrack, place: PiecePlace): void {
    const { zeroMs, placeOf, description } = place;
    const { first, last } = selection;
    let moved: number | undefined;
    let firstMs: number | undefined;
    let run: { at: number; decodeTime: number; samples: TimedSample[] } | undefined;
    const flush = (): void => {
      if (run === undefined) return;
      const only: Run = { dataOffset: 0, samples: run.samples };
      this.table.add({ runs: [only] }, run.decodeTime, placeOf(run.at), description);
      run = undefined;
    };
    for (const sample of samples()) {
      if (sample.number < first) continue;
      if (sample.number > last) break;
      moved ??= this.#begin(track, sample, selection, zeroMs) - sample.decodeTime;
      firstMs ??= sample.startMs;
      const isLost = track.kind === 'video' && isBehind(sample, firstMs, selection);
      if (sample.startsRun || isLost) flush();
      if (isLost) continue;
      run ??= { at: sample.offset, decodeTime: sample.decodeTime + moved, samples: [] };
      run.samples.push(sample);
      this.#nextDecodeTime = sample.decodeTime + moved + sample.duration;
    }
    flush();
    this.#endMs = Math.max(this.#endMs, zeroMs + selection.endMs);
    this.#hasHiddenTail = selection.hasHiddenTail;
  }

  finish(): readonly Edit[] {
    this.table.finish();
    const edits: Edit[] = [];
    let atMs = 0;
    const until = (ms: number, mediaTime: number): void => {
      // Rounded from the file's zero on, so that no two errors add up.
      const seconds = (Math.round(ms) - Math.round(atMs)) / 1000;
      if (seconds > 0) edits.push({ seconds, mediaTime });
      atMs = Math.max(atMs, ms);
    };
    if (this.#firstShownMs >= LATE_MIN_MS) until(this.#firstShownMs, -1);
    for (const [place, { shift }] of this.#stretches.entries()) {
      const endMs = this.#stretches[place + 1]?.atMs ?? this.#endMs;
      if (endMs > atMs) until(endMs, Math.max(0, shift + this.#ticks(atMs)));
    }
    return edits;
  }

  get endMs(): number {
    return this.#endMs;
  }

  /** @returns the decode time of a piece's first sample in the new file */
  #begin(track: IndexedTrack, sample: TimedSample, { startMs }: Selection, zeroMs: number): number {
    const shown = this.#ticks(zeroMs) + sample.decodeTime - track.zeroTime;
    const stretch = this.#stretches.at(-1);
    if (stretch === undefined) {
      this.#firstShownMs = Math.max(0, zeroMs + startMs);
      this.#stretches.push({ atMs: 0, shift: -shown });
      return 0;
    }
    const wanted = shown + stretch.shift;
    const mustMove = this.#hasHiddenTail || wanted < this.table.earliestNext;
    if (!mustMove || wanted >= this.#nextDecodeTime) return wanted;
    this.#stretches.push({
      atMs: zeroMs + startMs,
      shift: stretch.shift + this.#nextDecodeTime - wanted,
    });
    return this.#nextDecodeTime;
  }

  #ticks(ms: number): number {
    return Math.round((ms / 1000) * this.#timescale);
  }
}

/**
 * A picture that is not shown, and is made of those before the keyframe that the piece begins with (an open GOP): who decoded
 * it would miss them.
 */
export const isBehind = ({ startMs, endMs }: TimedSample, firstMs: number, selection: Selection): boolean =>
  startMs < firstMs && endMs <= selection.startMs + ROUNDED_MS;
