import type { Jump } from './epochs.ts';

/** A sample's time as it came. */
export interface RawTime {
  /** Any name that is the track's own. */
  readonly track: string;
  /** When it is decoded, on the source's own timeline, in units of `timescale`; may be any number, and none. */
  readonly dts: number;
  /** Units in a second. */
  readonly timescale: number;
  /** What such a sample lasts, in units, where the codec says so (1,024 for AAC). */
  readonly usualDuration?: number | undefined;
  /** Grows where it is known, and not by times alone, that another publisher has begun anew; undefined: nobody knows. */
  readonly publisher?: number | undefined;
}

export interface MendedTime {
  /** In units of the same timescale; later than that of the track's sample before, for as long as its timescale stays. */
  readonly dts: number;
  /** The source's clock has jumped, with this sample or one shortly before it. */
  readonly jump?: Jump;
}

/** What the clock of a track that is stored does with a sample: it jumps, or steps back by no more than jitter does. */
export type StoredJump = 'jump' | 'step';
