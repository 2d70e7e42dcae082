import { FlvStreams } from '../../../functions/core/media/flv/streams.ts';
import type { FoundSource, FoundStream } from '../../../functions/core/settings/selectTracks.ts';
import { AwakeTimer, type TimersWithClock } from '../../attempt/awakeTimer.ts';
import type { Demuxer, DemuxerOutput, StreamFeed, StreamSink } from '../demuxer.ts';
import { SinkClosedError } from '../hls/sink.ts';

/** Whose input ends has little left to do. */
const INPUT_END_MS = 2_000;

interface Piece {
  readonly bytes: Buffer;
  /** It is done with. */
  readonly settle: (error?: SinkClosedError) => void;
}

/**
 * Gives one run of FLV as it is, to be read where it is recorded (`FlvPacketReader`), once it is known that its codecs are read
 * there: no process, no copy of the stream to it and back. What it is not is ffmpeg's to read.
 */
export class FlvDemuxer implements Demuxer, StreamSink, DemuxerOutput {
  readonly outputs = [this];
  readonly exited: Promise<number>;
  readonly starvedMs = 0;
  onReady: () => void = () => undefined;
  readonly #onFound: (found: FoundSource) => void;
  readonly #timers: TimersWithClock | undefined;
  readonly #streams = new FlvStreams();
  readonly #gone = new AbortController();
  /** Copies of what has come, until it is known what it is. */
  #held: Buffer[] | undefined = [];
  #pieces: Piece[] = [];
  /** So many have been. */
  #taken = 0;
  /** Nothing more comes. */
  #isFed: boolean = false;
  #needsFfmpeg: boolean = false;

  /** @param onFound told what it has before it gives anything, or when it is known that it gives nothing */
  constructor(feed: StreamFeed, onFound: (found: FoundSource) => void, timers?: TimersWithClock) {
    this.#onFound = onFound;
    this.#timers = timers;
    this.exited = feed(this).then(() => this.#finish());
    // Whoever waits for it hears of it.
    this.exited.catch(() => this.close());
  }

  /** It is not what can be read here: nothing was given. */
  get needsFfmpeg(): boolean {
    return this.#needsFfmpeg;
  }

  /** As the source says, `FlvStreams.durationMs`. */
  get durationMs(): number {
    return this.#streams.durationMs;
  }

  readonly demuxer = 'flv';

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get chunk(): Buffer | undefined {
    return this.#pieces[0]?.bytes;
  }

  get hasEnded(): boolean {
    return (this.#isFed || this.#gone.signal.aborted) && this.#pieces.length === 0;
  }

  next(): void {
    this.#taken += 1;
    this.#pieces.shift()?.settle();
  }

  close(): void {
    this.#gone.abort(new SinkClosedError());
    for (const { settle } of this.#pieces) settle(new SinkClosedError());
    this.#pieces = [];
    this.#held = undefined;
    this.onReady();
  }

  kill(): void {
    this.close();
  }

  stop(): void {
    this.close();
  }

  /** It is closed where it does not: not while what has come by then is still being taken. */
  expectEnd(): void {
    const taken = this.#taken;
    const lookAgain = (): void => (this.#taken === taken ? this.close() : this.expectEnd());
    const timer = new AwakeTimer(lookAgain, INPUT_END_MS, this.#timers);
    const clear = (): void => timer.clear();
    this.exited.then(clear, clear);
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#gone.signal.aborted) throw new SinkClosedError();
    if (this.#held !== undefined) {
      this.#streams.push(bytes);
      this.#held.push(Buffer.from(bytes));
      this.#decide(this.#held);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pieces.push({ bytes, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    this.onReady();
    await promise;
  }

  /** Gives what is held as soon as it is known what it is. */
  #decide(held: readonly Buffer[]): void {
    const { look } = this.#streams;
    if (look === 'looking') return;
    this.#held = undefined;
    this.#needsFfmpeg = look === 'other';
    this.#onFound(foundIn(this.#streams));
    if (this.#needsFfmpeg) this.close();
    else this.#pieces = held.map((bytes) => ({ bytes, settle: () => undefined }));
    this.onReady();
  }

  /** The source has ended, or goes on in another run. */
  #finish(): number {
    this.#streams.end();
    if (this.#held !== undefined) this.#decide(this.#held);
    this.#isFed = true;
    this.onReady();
    return 0;
  }
}

/** What FLV has that is read here, as ffmpeg would list it. */
function foundIn({ pictures, sound, hasText }: FlvStreams): FoundSource {
  const streams: Omit<FoundStream, 'index'>[] = [];
  if (pictures !== undefined) {
    const { codec, width, height } = pictures;
    streams.push({ kind: 'video', codec, width, height });
  }
  if (sound !== undefined) {
    const { codec, sampleRateHz } = sound;
    streams.push({ kind: 'audio', codec, sampleRateHz });
  }
  if (hasText) streams.push({ kind: 'data', codec: 'none' });
  return { streams: streams.map((stream, index) => ({ ...stream, index })), programs: [] };
}
