import type { Fragment } from '../types.ts';
import type { InitSegment } from './initSegment.ts';
import type { TrackFragment } from './movieFragment.ts';

/** A moof with its mdat. */
export interface Mp4Fragment extends Fragment {
  /** What describes its samples: ffmpeg's header, or one of ours where the parameters have changed since. */
  readonly init: InitSegment;
  readonly tracks: readonly TrackFragment[];
}
