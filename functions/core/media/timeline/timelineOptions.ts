/** What is known of how a source's times go with the clock. */
export interface TimelineOptions {
  /** How far a time may be ahead of what the recorder's clock allows before it is taken for a jump, in ms. */
  readonly aheadMaxMs: number;
  /** What comes has just been made: where nothing comes, something is missing. */
  readonly comesAsMade: boolean;
  /** So many samples of a track may be held back until others come: a pause shows before the last ones. Ffmpeg's, if not said. */
  readonly heldSamples?: number;
  /** When the source was connected, by the recorder's clock: what is held back until it is opened has come since. */
  readonly connectedAtMs?: number;
  /**
   * For how long no sample of any track had come at most, since then, where the recorder knows when they came; not when they
   * were given to it.
   */
  readonly pausedMs?: ((sinceMs: number) => number) | undefined;
}

/** A live source cannot send what has not been made yet. */
export const LIVE_TIMELINE: TimelineOptions = { aheadMaxMs: 2_500, comesAsMade: true };
/** A playlist leaves out what it has not got, and a file comes as fast as it is read: their times are trusted further. */
export const STORED_TIMELINE: TimelineOptions = { aheadMaxMs: 60_000, comesAsMade: false };
