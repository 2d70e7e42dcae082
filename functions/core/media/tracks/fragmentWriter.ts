import type { PageStore } from '../pages.ts';
import type { Fragment, PartMuxer } from '../types.ts';
import type { TrackDescription } from './sample.ts';
import type { FragmentData } from './timedData.ts';
import type { TimedSample } from './trackQueue.ts';

/** What one track has in a fragment. */
export interface TrackSamples {
  readonly id: number;
  readonly description: TrackDescription;
  /** None for a track that is silent. */
  readonly samples: readonly TimedSample[];
  /** Of all samples. */
  readonly bytes: number;
  /** What an encoder of ours put in front of these: decoded, not heard. */
  readonly primingSamples: number;
}

export type FragmentTimes = Pick<
  Fragment,
  'startMs' | 'endMs' | 'picturesFromMs' | 'picturesUntilMs' | 'soundFromMs' | 'soundUntilMs' | 'keyframe'
>;

/** Writes the fragments of one container format. */
export interface FragmentWriter {
  /**
   * @param tracks all that are known, in the order of their ids
   * @param data what comes between their samples, where the format takes it
   * @returns what is valid until the next one
   */
  write(tracks: readonly TrackSamples[], times: FragmentTimes, data?: FragmentData): Fragment;
  /** A muxer for the next part, which begins with this fragment. */
  startPart(first: Fragment, pages: PageStore): PartMuxer;
}

/** The samples of all tracks by the time at which they are decoded. */
export function inDecodingOrder(
  tracks: readonly TrackSamples[],
): { readonly track: TrackSamples; readonly sample: TimedSample }[] {
  return tracks
    .flatMap((track) =>
      track.samples.map((sample) => ({ track, sample, seconds: sample.dts / track.description.timescale })),
    )
    .sort((one, other) => one.seconds - other.seconds);
}
