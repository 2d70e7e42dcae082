import type { Sample, TrackFragment } from './movieFragment.ts';

/** Of its length, at most: what a sample is shortened to until those behind it are where they belong. */
const SHORTENED = 0.25;
/** Where more lies over what is there, nobody can tell how it goes together. */
const OVERLAP_MAX_SECONDS = 2.5;

/** A track's fragment, and where it goes in its part. */
export interface PlacedRuns {
  readonly traf: TrackFragment;
  /** Of its first sample, in the part. */
  readonly decodeTime: number;
}

/**
 * A fragment that begins before the last sample of the part: a run that goes on has its own first samples over those that
 * were spread, since they had one time, or over the end of what the run before had of the track. Its samples are shorter until
 * they are where they belong, so that what follows is in sync: as it is where one run has all of them.
 * @param decodeTime where its first sample belongs. @param earliest where it can be
 * @param bytes of the fragment; durations are written into them
 */
export function withoutOverlap(
  traf: TrackFragment,
  decodeTime: number,
  earliest: number,
  bytes: Buffer,
): PlacedRuns {
  if (decodeTime >= earliest) return { traf, decodeTime };
  const { durationsAt, track } = traf;
  const isLong = earliest - decodeTime > OVERLAP_MAX_SECONDS * track.timescale;
  if (durationsAt === undefined || isLong) return { traf, decodeTime: earliest };
  let missing = earliest - decodeTime;
  let at = durationsAt.first;
  const shortened = (sample: Sample): Sample => {
    const least = Math.max(1, Math.round(SHORTENED * sample.duration));
    const duration = Math.max(Math.min(least, sample.duration), sample.duration - missing);
    missing -= sample.duration - duration;
    bytes.writeUInt32BE(duration, at);
    at += durationsAt.everyBytes;
    return duration === sample.duration ? sample : { ...sample, duration };
  };
  const runs = traf.runs.map((run) => ({ ...run, samples: run.samples.map(shortened) }));
  return { traf: { ...traf, runs }, decodeTime: earliest };
}
