import type { IndexedTrack } from '../fragmentIndex/types.ts';
import type { InitSegment, Track } from '../mp4/initSegment.ts';
import { type Edit, indexedHead } from '../mp4/movie.ts';
import type { Run } from '../mp4/movieFragment.ts';
import { SampleTable } from '../mp4/sampleTable.ts';
import { MemoryPages } from '../pages.ts';
import type { Pieces } from '../pieces.ts';
import type { Selection } from './selection.ts';
import type { TimedSample } from './trackCut.ts';

/** A track of a piece: what of it is taken. */
export interface PieceTrack {
  readonly track: IndexedTrack;
  readonly selection: Selection;
  readonly samples: () => Iterable<TimedSample>;
}

/** Bytes of a record that follow those of the piece before. */
export interface Piece {
  /** When the part's zero is shown in the new file; negative where the file begins later in the part. */
  readonly zeroMs: number;
  /** Of the part, up to (not with) the end. */
  readonly fromByte: number;
  readonly endByte: number;
  readonly tracks: readonly PieceTrack[];
}

/** From here on presentation and media time differ by another amount. */
interface Stretch {
  readonly atMs: number;
  /** Media time of what is shown at the file's zero, in the track's timescale; may be before the first sample. */
  readonly shift: number;
}

/** All of one track. */
class ClipTrack {
  readonly table = new SampleTable(new MemoryPages());
  readonly #stretches: Stretch[] = [];
  readonly #timescale: number;
  #firstShownMs = 0;
  #endMs = 0;
  #nextDecodeTime = 0;
  #hasHiddenTail: boolean = false;

  constructor({ timescale }: Track) {
    this.#timescale = timescale;
  }

  /** @param mediaAt where the piece's bytes begin, counted from the end of the head, less where they begin in the record */
  add({ track, selection, samples }: PieceTrack, zeroMs: number, mediaAt: number): void {
    const { first, last } = selection;
    let moved: number | undefined;
    let run: { at: number; decodeTime: number; samples: TimedSample[] } | undefined;
    const flush = (): void => {
      if (run === undefined) return;
      const only: Run = { dataOffset: 0, samples: run.samples };
      this.table.add({ runs: [only] }, run.decodeTime, mediaAt + run.at);
      run = undefined;
    };
    for (const sample of samples()) {
      if (sample.number < first) continue;
      if (sample.number > last) break;
      moved ??= this.#begin(track, sample, selection, zeroMs) - sample.decodeTime;
      if (sample.startsRun) flush();
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
    const showFrom = (ms: number): void => {
      if (ms - atMs >= LATE_MIN_MS) edits.push({ seconds: (ms - atMs) / 1000, mediaTime: -1 });
      atMs = Math.max(atMs, ms);
    };
    showFrom(this.#firstShownMs);
    for (const [place, { shift }] of this.#stretches.entries()) {
      const untilMs = this.#stretches[place + 1]?.atMs ?? this.#endMs;
      if (untilMs <= atMs) continue;
      const mediaTime = Math.max(0, shift + this.#ticks(atMs));
      edits.push({ seconds: (untilMs - atMs) / 1000, mediaTime });
      atMs = untilMs;
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
    const mustMove = this.#hasHiddenTail || wanted < this.table.lastDecodeTime;
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

/** Half a unit of the movie's time: less cannot be said. */
const LATE_MIN_MS = 0.5;

/** The head of a new file out of pieces of others. Their bytes follow it as they are, one piece after the other. */
export class ClipFile {
  readonly #init: InitSegment;
  readonly #tracks: ReadonlyMap<number, { readonly track: Track; readonly clip: ClipTrack }>;
  #mediaBytes = 0;

  /** @param init of the first piece's part; all others are alike */
  constructor(init: InitSegment) {
    this.#init = init;
    this.#tracks = new Map(init.tracks.map((track) => [track.id, { track, clip: new ClipTrack(track) }]));
  }

  get mediaBytes(): number {
    return this.#mediaBytes;
  }

  add({ zeroMs, fromByte, endByte, tracks }: Piece): void {
    for (const one of tracks)
      this.#tracks.get(one.track.id)?.clip.add(one, zeroMs, this.#mediaBytes - fromByte);
    this.#mediaBytes += endByte - fromByte;
  }

  /** Call it once. */
  finish(): { readonly head: Pieces; readonly durationMs: number } {
    const filled = [...this.#tracks.values()].filter(({ clip }) => clip.table.samples > 0);
    const tracks = filled.map(({ track, clip }) => ({ track, edits: clip.finish(), table: clip.table }));
    return {
      head: indexedHead(this.#init, tracks, this.#mediaBytes),
      durationMs: Math.max(0, ...filled.map(({ clip }) => clip.endMs)),
    };
  }
}
