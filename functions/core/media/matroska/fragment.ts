import type { Fragment } from '../types.ts';
import type { MatroskaHeader } from './header.ts';

/** A cluster. */
export interface MatroskaFragment extends Fragment {
  /** What describes its frames. */
  readonly header: MatroskaHeader;
  /** The cluster's own time, in units of the segment, and where it stands in the bytes. */
  readonly timestamp: number;
  readonly timestampAt: number;
  readonly timestampBytes: number;
  /** Where the cluster's elements begin. */
  readonly dataAt: number;
  readonly videoFrames: number;
}
