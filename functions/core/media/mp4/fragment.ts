import type { Fragment } from '../types.ts';
import type { InitSegment } from './initSegment.ts';
import type { TrackFragment } from './movieFragment.ts';

/** A moof with its mdat; or two, of which the second has the tracks that a player does not get. */
export interface Mp4Fragment extends Fragment {
  /** What describes its samples. */
  readonly init: InitSegment;
  /** Data offsets and places are counted from the first byte, which need not be that of their own moof. */
  readonly tracks: readonly TrackFragment[];
  /** Of several moofs the first has what a player gets: so many bytes with its mdat. Undefined for a single one. */
  readonly watchedBytes?: number;
}
