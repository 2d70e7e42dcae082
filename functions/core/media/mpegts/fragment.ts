import type { Fragment } from '../types.ts';
import type { DataStream } from './dataStreams.ts';
import type { ElementaryStream } from './tables.ts';
import type { WrittenData } from './writtenData.ts';

/** From one program association table to the next. */
export interface TsFragment extends Fragment {
  readonly streams: readonly ElementaryStream[];
  readonly data: readonly DataStream[];
  readonly written: readonly WrittenData[];
  /** The earliest of all times, PCR and DTS included, in ticks: what a part's zero can be. */
  readonly firstTicks: number;
  readonly videoFrames: number;
}
