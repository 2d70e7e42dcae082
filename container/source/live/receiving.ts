import type { RunCutter, RunPiece } from '../../../functions/core/media/live/runCutter.ts';
import { SentClocks, type SentTime } from '../../../functions/core/media/timeline/sentClocks.ts';
import { type Received, SentTimes } from '../../../functions/core/media/timeline/sentTimes.ts';
import { LIVE_TIMELINE } from '../../../functions/core/media/timeline/timelineOptions.ts';
import type { Clock } from '../../../functions/core/protocol/ports.ts';
import type { Timers } from '../../attempt/timers.ts';
import { SinkClosedError } from '../hls/sink.ts';
import { LastRead } from './reading.ts';
import { ReceivedPauses } from './receivedPauses.ts';

/** ffmpeg takes a while to begin, and longer on a machine that is busy: some seconds of most streams. */
const AHEAD_MAX_BYTES = 4 * 1024 * 1024;
/** What a network kept while it stalled has come by then: RTMP is read three or four times a second. */
const BURST_MS = 400;
/** Where nothing has come for so long by then, more of it may be kept: it is waited for until it comes. */
const STALLED_MS = 300;
const STALLED_MAX_MS = 1_000;
const LOOKED_AT_MS = 100;

/** Pictures come, and none of them can be decoded without a keyframe that is still to come. */
export interface KeyframeWait {
  /** In epoch milliseconds. */
  readonly sinceMs: number;
  /** So many have been left out. */
  readonly pictures: number;
}

/** How a connection is ended, and its memory saved. */
export interface LiveEnds {
  /** At once. */
  readonly gone: AbortController;
  /** What has come is read first, without delay. */
  readonly ending?: AbortController;
  /** Takes back chunks of whole tags, of which nobody has anything any more. */
  readonly giveBack?: ((chunk: Buffer) => void) | undefined;
}

export interface ReceivingClock extends Clock {
  /** For how long this process has run, of any beginning: what comes while it stands still is not waited for. */
  readonly awakeMs: () => number;
}

export interface ReceivingOptions {
  readonly cutter: RunCutter;
  /** From the stream's first byte on. */
  readonly body: AsyncGenerator<Buffer, void, undefined>;
  readonly clock: ReceivingClock;
  /** As `LiveEnds`. */
  readonly gone: AbortSignal;
  readonly ending: AbortSignal;
  readonly giveBack?: LiveEnds['giveBack'];
  /** Told of what has come. */
  readonly onTaken: () => void;
  /** Node's, if not said. */
  readonly timers?: Timers | undefined;
}

/** What comes behind a pause on a clock that has jumped, until it is known whether all of it had been sent by then. */
interface Burst {
  readonly received: Received[];
  readonly untilMs: number;
  timer: NodeJS.Timeout;
}

/**
 * What comes over a connection, read when it comes, whether anybody takes it yet or not: only so is it known how long
 * nothing came. What nobody takes is bounded.
 *
 * Where a clock has jumped behind a pause, its samples wait for what comes with them: where that is more than is made
 * meanwhile, it had been kept on its way, and nobody had paused for so long.
 */
export class Receiving {
  readonly pauses = new ReceivedPauses();
  /** What its samples have said, as they came. */
  readonly clocks = new SentClocks({
    ...LIVE_TIMELINE,
    // While this process stands still nobody knows whether something comes.
    pausedMs: (sinceMs) => this.pauses.longestMs(sinceMs),
  });
  readonly #options: ReceivingOptions;
  readonly #timers: Timers;
  readonly #last: LastRead;
  readonly #pieces: RunPiece[] = [];
  /** Of chunks that wait, by the last piece of each. */
  readonly #chunks = new WeakMap<RunPiece, Buffer>();
  #bytes = 0;
  #samples = 0;
  #hasEnded: boolean = false;
  #failure: { readonly error: unknown } | undefined;
  #firstAtMs: number | undefined;
  readonly #sentTimes = new SentTimes();
  #burst: Burst | undefined;
  #keyframeWait: KeyframeWait | undefined;
  /** Something has come, has been taken, or is not wanted any more. */
  #change = Promise.withResolvers<void>();
  readonly #heard = new WeakSet<AbortSignal>();

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.#timers = options.timers ?? { setTimeout, clearTimeout };
    this.#last = new LastRead(options.ending);
    void this.#receive();
  }

  /** When its first sample came, in epoch milliseconds; undefined before. Servers answer long before they have one. */
  get firstAtMs(): number | undefined {
    return this.#firstAtMs;
  }

  /** Undefined when it is not so. */
  get keyframeWait(): KeyframeWait | undefined {
    return this.#keyframeWait;
  }

  /**
   * The next piece, which stays the next one until it is taken; undefined at the end.
   * @throws what there was of it could not be read, or is no media; SinkClosedError
   */
  async next(signal: AbortSignal): Promise<RunPiece | undefined> {
    while ((this.#pieces.length === 0 || this.#burst !== undefined) && !this.#hasEnded)
      await this.#changed(signal);
    if (this.#pieces.length === 0 && this.#failure !== undefined) throw this.#failure.error;
    return this.#pieces[0];
  }

  /** The next piece is taken. */
  take(): void {
    this.#bytes -= this.#pieces.shift()?.bytes.length ?? 0;
    this.#tell();
  }

  /** A piece that was taken is not needed any more: nor is what came with it. */
  written(piece: RunPiece): void {
    const chunk = this.#chunks.get(piece);
    if (chunk !== undefined) this.#options.giveBack?.(chunk);
  }

  async #receive(): Promise<void> {
    const { cutter, gone } = this.#options;
    try {
      for (;;) {
        const chunk = await this.#chunk();
        const pieces = chunk === undefined ? cutter.end() : cutter.push(chunk);
        const last = pieces.at(-1);
        if (chunk !== undefined && last !== undefined) this.#chunks.set(last, chunk);
        this.#add(pieces);
        if (this.#bytes >= AHEAD_MAX_BYTES) this.#release();
        if (chunk === undefined) break;
        while (this.#bytes >= AHEAD_MAX_BYTES) await this.#changed(gone);
      }
    } catch (error) {
      // Whoever takes the last piece hears of it.
      this.#failure = { error };
    }
    this.#hasEnded = true;
    this.#release();
    this.#tell();
  }

  /** Waits until there may be something else to do. @throws SinkClosedError who it is for has gone */
  #changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new SinkClosedError();
    // Once for each: a listener for each wait would be a good part of what it costs.
    if (!this.#heard.has(signal)) signal.addEventListener('abort', () => this.#tell(), { once: true });
    this.#heard.add(signal);
    return this.#change.promise;
  }

  /** What comes next; undefined at the end, however that comes. */
  async #chunk(): Promise<Buffer | undefined> {
    const { body, clock } = this.#options;
    const sinceMs = clock.awakeMs();
    try {
      const read = await this.#last.of(body.next());
      return read === undefined || read.done === true ? undefined : read.value;
    } catch (error) {
      this.#failure = { error };
      return undefined;
    } finally {
      this.pauses.wait(clock.awakeMs() - sinceMs);
    }
  }

  #add(pieces: readonly RunPiece[]): void {
    const { cutter, clock, onTaken } = this.#options;
    const nowMs = clock.nowMs();
    this.#pieces.push(...pieces);
    for (const { bytes } of pieces) this.#bytes += bytes.length;
    if (cutter.samples > this.#samples) {
      this.#firstAtMs ??= nowMs;
      this.pauses.end(nowMs);
    }
    this.#samples = cutter.samples;
    for (const sent of cutter.takeSent()) this.#see(sent, nowMs);
    const pictures = cutter.undecodable;
    const sinceMs = this.#keyframeWait?.sinceMs ?? nowMs;
    this.#keyframeWait = pictures === 0 ? undefined : { sinceMs, pictures };
    onTaken();
    this.#tell();
  }

  #see(sent: SentTime, nowMs: number): void {
    if (this.#burst === undefined && this.#sentTimes.isUnsure(sent, nowMs)) this.#hold(nowMs);
    if (this.#burst !== undefined) {
      this.#burst.received.push({ sent, atMs: nowMs });
      return;
    }
    this.clocks.see(sent, this.#sentTimes.at(sent, nowMs));
  }

  #hold(nowMs: number): void {
    const timer = this.#timers.setTimeout(() => this.#lookAt(burst), BURST_MS);
    const burst: Burst = { received: [], untilMs: nowMs + BURST_MS + STALLED_MAX_MS, timer };
    this.#burst = burst;
  }

  /** A process that was busy meanwhile has yet to read what came. */
  #lookAt(burst: Burst): void {
    setImmediate(() => {
      if (this.#burst !== burst) return;
      const nowMs = this.#options.clock.nowMs();
      const hasStalled = nowMs - (burst.received.at(-1)?.atMs ?? 0) >= STALLED_MS;
      if (!hasStalled || nowMs >= burst.untilMs) this.#release();
      else burst.timer = this.#timers.setTimeout(() => this.#lookAt(burst), LOOKED_AT_MS);
    });
  }

  /** What is held is given on. */
  #release(): void {
    if (this.#burst === undefined) return;
    const { received, timer } = this.#burst;
    this.#timers.clearTimeout(timer);
    this.#burst = undefined;
    for (const { sent, atMs } of this.#sentTimes.inBurst(received)) this.clocks.see(sent, atMs);
    this.#tell();
  }

  /** There may be something else to do by now. */
  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
