import type { Fragment } from '../types.ts';
import type { ElementaryStream } from './tables.ts';

/** From one program association table to the next. */
export interface TsFragment extends Fragment {
  readonly streams: readonly ElementaryStream[];
  /** The earliest of all times, PCR and DTS included, in ticks: what a part's zero can be. */
  readonly firstTicks: number;
  readonly videoFrames: number;
}
