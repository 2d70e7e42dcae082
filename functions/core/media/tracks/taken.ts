import type { ComingSample } from '../timeline/recordedContent.ts';
import type { RawTime } from '../timeline/sampleTimes.ts';
import type { Sample } from './sample.ts';

const AAC_FRAME_SAMPLES = 1_024;

/** A sample on its way from ffmpeg into a fragment. */
export interface Taken {
  /** Of its track. */
  readonly id: number;
  readonly coming: ComingSample;
  readonly sample: Sample;
  readonly arrivedAtMs: number;
  /** By the order in which samples were sent; undefined: as it came. */
  readonly time?: RawTime | undefined;
}

/** @param track its name. @param isEncoded it was made anew, not copied */
export function comingOf(track: string, isEncoded: boolean, sample: Sample): ComingSample {
  const { data, dts, offset, description } = sample;
  return { track, data, timeMs: ((dts + offset) * 1_000) / description.timescale, isEncoded };
}

export function timeOf({ coming: { track }, sample: { dts, description }, time }: Taken): RawTime {
  if (time !== undefined) return time;
  const { timescale, info } = description;
  return { track, dts, timescale, usualDuration: info.codec === 'aac' ? AAC_FRAME_SAMPLES : undefined };
}

/** What is held outlives the memory that it was read into. */
export function kept(taken: Taken): Taken {
  const data = Buffer.from(taken.sample.data);
  return { ...taken, coming: { ...taken.coming, data }, sample: { ...taken.sample, data } };
}
