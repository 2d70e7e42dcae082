/** What is taken off the times of sound as it is encoded, since an encoder cannot follow a clock that jumps. */
export interface TakenOff {
  /** By the times that come out, in ms; until the next such time. */
  readonly fromMs: number;
  /** In all, in ms; negative: the source's clock has jumped back. */
  readonly ms: number;
}

/** An encoder's frames lie across a jump. */
const HALF_A_FRAME_MS = 12;

/** @param all in order. @param timeMs as it came out of the encoder. @returns what is to be given back to it, in ms */
export const takenOffAt = (all: readonly TakenOff[], timeMs: number): number =>
  all.findLast(({ fromMs }) => fromMs <= timeMs + HALF_A_FRAME_MS)?.ms ?? 0;
