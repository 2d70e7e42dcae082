import { StandingClock } from './standingClock.ts';
import { TrackTimes } from './trackTimes.ts';

/** Larger times are moved to zero: they could not be counted to the unit. */
export const TIME_MAX_MS = 2 ** 42;

export interface Jump {
  /** Where the times went on, in ms of the mended timeline. */
  readonly atMs: number;
  /** What the source's own time jumped by, in ms; negative: back. */
  readonly byMs: number;
  /** What is missing before `atMs` in truth, by the recorder's clock, in ms; 0: nothing. */
  readonly gapMs: number;
}

export interface Untold {
  /** What is to be told once others have followed. */
  readonly untold: Jump | undefined;
}

/** From the source's own times to the recording's, for as long as the source's clock does not jump. */
export interface Epoch {
  /** To add to the source's time. */
  readonly shiftMs: number;
  /** Samples after the one that began it: one alone may be a stray. */
  followers: number;
  untold: Jump | undefined;
}

/** Where a track's first sample is, on one of the clocks. */
export interface Beginning {
  readonly epoch: Epoch;
  readonly turnsMs: number;
  readonly atMs: number;
}

export interface Track {
  readonly times: TrackTimes;
  readonly standing: StandingClock;
  epoch: Epoch | undefined;
  /** The one before the one that the track has begun last. */
  before: Epoch | undefined;
  /** Until when it may be found to be on a clock that others come to after it, by the recorder's clock. */
  unsureUntilMs: number;
  /** Whole turns of a counter: a demuxer may count them for one track and not for another. */
  turnsMs: number;
  /** What it began its present epoch with, by its own time in ms. */
  beganMs: number;
  /** Its samples in that. */
  samples: number;
  last: { readonly dts: number; readonly timescale: number } | undefined;
  /** Of its last sample, as in `RawTime`. */
  publisher: number;
}

/** One that has had no sample. */
const newTrack = (heldSamples: number | undefined): Track => ({
  times: new TrackTimes(heldSamples),
  standing: new StandingClock(),
  epoch: undefined,
  before: undefined,
  unsureUntilMs: Number.NEGATIVE_INFINITY,
  turnsMs: 0,
  beganMs: 0,
  samples: 0,
  last: undefined,
  publisher: 0,
});

/** The track of this name, made when it is first asked for. @param heldSamples as in `TimelineOptions` */
export function trackNamed(name: string, tracks: Map<string, Track>, heldSamples: number | undefined): Track {
  const known = tracks.get(name);
  if (known !== undefined) return known;
  const track = newTrack(heldSamples);
  tracks.set(name, track);
  return track;
}

/** The track's next sample is on this clock. @returns where it belongs. @param rawMs turns of a counter included */
export function follow(track: Track, epoch: Epoch, rawMs: number): number {
  epoch.followers += 1;
  track.epoch = epoch;
  return rawMs + epoch.shiftMs;
}

/** Those that began after it, the latest first. @param epochs the latest first */
export const newerThan = (own: Epoch, epochs: readonly Epoch[]): readonly Epoch[] =>
  epochs.slice(0, Math.max(0, epochs.indexOf(own)));

/** What is added to the times of the track that has come furthest, in ms. */
export function jumpedMs(tracks: readonly Track[]): number {
  const [track] = tracks.toSorted((one, other) => other.times.reachedMs - one.times.reachedMs);
  if (track?.epoch === undefined) return 0;
  // One sample alone may be a stray.
  const { shiftMs } = track.epoch.followers === 0 ? (track.before ?? track.epoch) : track.epoch;
  return shiftMs + track.turnsMs;
}

/** A jump is told once. */
export function toTell(epoch: Epoch | undefined): Jump | undefined {
  if (epoch === undefined || epoch.followers === 0) return undefined;
  const { untold } = epoch;
  epoch.untold = undefined;
  return untold;
}
