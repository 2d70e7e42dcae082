/** One of several outputs of what reads a source. All of them are always to be read to the end, or closed. */
export interface DemuxerOutput {
  /** Told when there is something to take, and at the end. */
  onReady: () => void;
  /** What has come, until `next`; undefined when there is nothing to take. */
  readonly chunk: Buffer | undefined;
  /** It was closed, and there is nothing left to take. */
  readonly hasEnded: boolean;
  /** The chunk is done with: its memory is used again. */
  next(): void;
  /** What is left is not wanted. */
  close(): void;
}

/** What reads a source once, and gives its packets: ffmpeg, or the recorder itself (`live/flvDemuxer.ts`). */
export interface Demuxer {
  /** As the plan says. */
  readonly outputs: readonly DemuxerOutput[];
  /** Settles with the exit code when it is over. */
  readonly exited: Promise<number>;
  /** How long it has waited for a CPU, in ms. */
  readonly starvedMs: number;
  /** Ends it at once: what it has is not wanted. */
  kill(): void;
  /** Asks it to finish what it has, within `graceMs`. */
  stop(graceMs?: number): void;
  /** Its input ends, and so does it; it is asked to if it does not. */
  expectEnd(): void;
}

/** Takes a stream, piece by piece. */
export interface StreamSink {
  /** Aborts when nobody reads any more. */
  readonly gone: AbortSignal;
  /** Until the piece is done with: its memory can be used again. @throws SinkClosedError */
  write(bytes: Buffer): Promise<void>;
}

/** Writes a stream to whoever reads it, and settles when it is done, or is another run's. */
export type StreamFeed = (sink: StreamSink) => Promise<void>;
