import type { InitSegment, Track } from '../mp4/initSegment.ts';
import { indexedHead } from '../mp4/movie.ts';
import type { Pieces } from '../pieces.ts';
import { AssembledTrack, type PieceTrack } from './assembledTrack.ts';

/** Bytes of a record that follow those of the piece before. */
export interface Piece {
  /** When the part's zero is shown in the new file; negative where the file begins later in the part. */
  readonly zeroMs: number;
  /** Of the part, up to (not with) the end. */
  readonly fromByte: number;
  readonly endByte: number;
  readonly tracks: readonly PieceTrack[];
}

/** The head of a new file out of pieces of others. Their bytes follow it as they are, one piece after the other. */
export class ClipFile {
  readonly #init: InitSegment;
  readonly #tracks: ReadonlyMap<number, { readonly track: Track; readonly clip: AssembledTrack }>;
  #mediaBytes = 0;

  /** @param init of the first piece's part; all others are alike */
  constructor(init: InitSegment) {
    this.#init = init;
    this.#tracks = new Map(
      init.tracks.map((track) => [track.id, { track, clip: new AssembledTrack(track) }]),
    );
  }

  get mediaBytes(): number {
    return this.#mediaBytes;
  }

  add({ zeroMs, fromByte, endByte, tracks }: Piece): void {
    const mediaAt = this.#mediaBytes - fromByte;
    for (const one of tracks)
      this.#tracks.get(one.track.id)?.clip.add(one, { zeroMs, placeOf: (offset) => mediaAt + offset });
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
