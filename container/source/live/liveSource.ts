import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import { FlvCutter } from '../../../functions/core/media/flv/cutter.ts';
import type { OtherTrack, RunCutter } from '../../../functions/core/media/live/runCutter.ts';
import { TsCutter } from '../../../functions/core/media/mpegts/cutter.ts';
import type { SentClocks } from '../../../functions/core/media/timeline/sentClocks.ts';
import { MediaError } from '../../../functions/core/media/types.ts';
import type { LeftOut } from '../../../functions/core/settings/selectTracks.ts';
import type { StreamSink } from '../demuxer.ts';
import type { Handover } from '../hls/handover.ts';
import { Sink, SinkClosedError } from '../hls/sink.ts';
import { Wait } from '../hls/wait.ts';
import { NO_LATER_TABLES } from '../inputOptions.ts';
import { HttpFault } from '../reach/judgedHttp.ts';
import { SourceAccess } from '../reach/sourceAccess.ts';
import type { LiveKind } from './liveKind.ts';
import type { ReceivedPauses } from './receivedPauses.ts';
import { type KeyframeWait, type LiveEnds, Receiving, type ReceivingClock } from './receiving.ts';

const DEMUXERS: Readonly<Record<LiveKind, readonly string[]>> = {
  flv: ['-f', 'flv', '-format_whitelist', 'flv'],
  ts: ['-f', 'mpegts', '-format_whitelist', 'mpegts', ...NO_LATER_TABLES],
};
/** What a run was given is given again where ffmpeg begins anew before anything is recorded; no more than this. */
const KEPT_MAX_BYTES = 16 * 1024 * 1024;

/** Less is a disturbance. */
const SCRAMBLED_MIN = 200;
const SCRAMBLED = 'the stream is scrambled';

/** The connection has ended, or could not be made. */
export class SourceLostError extends Error {
  override readonly name = 'SourceLostError';
  /** What was complained of, without the source's secrets. */
  readonly complaints: readonly string[];
  readonly complaint: string | undefined;
  /** It said nothing for too long. */
  readonly timedOut: boolean;

  constructor(complaints: readonly string[], complaint: string | undefined, timedOut = false) {
    super(complaint ?? 'the source has ended');
    this.complaints = complaints;
    this.complaint = complaint;
    this.timedOut = timedOut;
  }
}

export interface LiveRun {
  readonly access: SourceAccess;
  /** Something was recorded over this connection already. */
  readonly goesOn: boolean;
}

/** Why a run is given no more. */
type FeedEnd = 'cut' | 'ended' | 'closed';

/**
 * One connection to a live source, in runs of ffmpeg: another one begins with each track that the one before
 * would not follow.
 */
export class LiveSource {
  readonly #kind: LiveKind;
  readonly #body: AsyncGenerator<Buffer, void, undefined>;
  readonly #cutter: RunCutter;
  readonly #gone: AbortController;
  readonly #ending: AbortController;
  readonly #received: Receiving;
  /** What the present run was given, until it is known to be of use; undefined: not kept any more. */
  #kept: { readonly pieces: Buffer[]; bytes: number } | undefined = { pieces: [], bytes: 0 };
  #feeding: Promise<FeedEnd> | undefined;
  #run: LiveRun | undefined;
  #wasRecorded: boolean = false;
  /** The present run is not what can be read without ffmpeg. */
  #needsFfmpeg: boolean = false;

  /**
   * @param body from the stream's first byte on
   */
  constructor(
    kind: LiveKind,
    body: AsyncGenerator<Buffer, void, undefined>,
    clock: ReceivingClock,
    { gone, ending = new AbortController(), giveBack }: LiveEnds,
  ) {
    this.#kind = kind;
    this.#body = body;
    this.#gone = gone;
    this.#ending = ending;
    this.#cutter = kind === 'flv' ? new FlvCutter() : new TsCutter();
    this.#received = new Receiving({
      cutter: this.#cutter,
      body,
      clock,
      gone: gone.signal,
      ending: ending.signal,
      onTaken: () => this.#tellRun(),
      giveBack,
    });
  }

  /** When its first sample came, in epoch milliseconds; undefined before. Servers answer long before they have one. */
  get firstAtMs(): number | undefined {
    return this.#received.firstAtMs;
  }

  /** Undefined when it is not so. */
  get keyframeWait(): KeyframeWait | undefined {
    return this.#received.keyframeWait;
  }

  get pauses(): ReceivedPauses {
    return this.#received.pauses;
  }

  /** What its samples have said, as they came. */
  get clocks(): SentClocks {
    return this.#received.clocks;
  }

  /** Whether the next run is given to ffmpeg, over a handover. */
  get needsFfmpeg(): boolean {
    return this.#kind !== 'flv' || this.#needsFfmpeg;
  }

  /** The next run. @param handover to ffmpeg, if it is needed */
  begin(handover: Pick<Handover, 'offer'> | undefined): LiveRun {
    this.#feeding = undefined;
    const feed = (sink: StreamSink): Promise<void> => {
      const feeding = this.#feed(sink);
      this.#feeding = feeding;
      return feeding.then(() => undefined);
    };
    const access = new SourceAccess({
      url: handover?.offer((reader) => feed(new Sink(reader))) ?? '',
      feed: handover === undefined ? feed : undefined,
      options: DEMUXERS[this.#kind],
      environment: {},
      isFed: true,
      hasCome: (kind) => this.#cutter.hasCome(kind),
      finish: () => this.#ending.abort(),
    });
    this.#run = { access, goesOn: this.#wasRecorded };
    this.#tellRun();
    return this.#run;
  }

  /** What the present run was given is of use: it will not be asked for again. */
  settle(): void {
    this.#kept = undefined;
  }

  /**
   * A run is over.
   * @param recorded something of it was recorded
   * @param again the same is to be given again: the plan was wrong, or another is to read it
   * @returns whether this connection goes on with another run
   */
  async endRun(recorded: boolean, again?: 'asBefore' | 'ffmpeg' | 'own'): Promise<boolean> {
    const end = (await this.#feeding) ?? 'closed';
    this.#wasRecorded ||= recorded;
    // What is given again goes where it went; what comes after a cut is another stream.
    this.#needsFfmpeg = again === 'ffmpeg' || (again === 'asBefore' && this.#needsFfmpeg);
    if (again !== undefined) return this.#kept !== undefined;
    this.#kept = { pieces: [], bytes: 0 };
    return end === 'cut';
  }

  async close(): Promise<void> {
    this.#gone.abort();
    await this.#feeding;
    await this.#body.return();
  }

  async #feed(sink: StreamSink): Promise<FeedEnd> {
    const wait = new Wait([sink.gone, this.#gone.signal]);
    try {
      for (const bytes of this.#kept?.pieces ?? []) await sink.write(bytes);
      let isFirst = this.#kept === undefined || this.#kept.pieces.length === 0;
      for (;;) {
        const piece = await this.#received.next(wait.signal);
        if (piece === undefined) return 'ended';
        if (piece.begins && !isFirst) return 'cut';
        isFirst = false;
        this.#received.take();
        this.#keep(piece.bytes);
        await sink.write(piece.bytes);
        this.#received.written(piece);
      }
    } catch (error) {
      if (error instanceof SinkClosedError || wait.signal.aborted) return 'closed';
      this.#fail(error);
      return 'ended';
    } finally {
      wait.release();
    }
  }

  /** What is known of the source by now. */
  #tellRun(): void {
    const access = this.#run?.access;
    const { otherTracks, scrambled } = this.#cutter;
    access?.leaveOut(leftOutOf(otherTracks));
    if (scrambled >= SCRAMBLED_MIN && access?.failures.length === 0) access.fail(SCRAMBLED);
    if (scrambled === 0) access?.recover(SCRAMBLED);
  }

  #keep(bytes: Buffer): void {
    if (this.#kept === undefined) return;
    this.#kept.pieces.push(Buffer.from(bytes));
    this.#kept.bytes += bytes.length;
    if (this.#kept.bytes > KEPT_MAX_BYTES) this.#kept = undefined;
  }

  /** @throws what is no fault of the source's */
  #fail(error: unknown): void {
    if (error instanceof ForbiddenSourceError) this.#run?.access.refuse(error.message);
    else if (error instanceof HttpFault) this.#run?.access.fail(error.message);
    else if (error instanceof MediaError) this.#run?.access.fail('Invalid data found when processing input');
    else if (error instanceof SourceLostError) {
      for (const complaint of error.complaints) this.#run?.access.fail(complaint);
    } else throw error;
  }
}

function leftOutOf(tracks: readonly OtherTrack[]): LeftOut[] {
  const alike = Map.groupBy(tracks, ({ kind, codec, reason }) => `${kind} ${codec} ${reason}`);
  return [...alike.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, count: 1 + others.length }],
  );
}
