import { isDeepStrictEqual } from 'node:util';
import { type JoinedContent, RecordedContent } from '../../functions/core/media/timeline/recordedContent.ts';
import { SentOrder } from '../../functions/core/media/timeline/sentOrder.ts';
import { SourceTimeline } from '../../functions/core/media/timeline/sourceTimeline.ts';
import { LIVE_TIMELINE, STORED_TIMELINE } from '../../functions/core/media/timeline/timelineOptions.ts';
import type { Joining } from '../../functions/core/media/tracks/joining.ts';
import { LiveMedia } from '../../functions/core/media/tracks/liveMedia.ts';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { Fragment } from '../../functions/core/media/types.ts';
import type { PreparedRun } from '../source/sourceInput.ts';
import type { RunFacts } from '../source/sourceRun.ts';
import type { FileEnd } from './fileEnd.ts';
import { InputTimeline, type RunJoin } from './inputTimeline.ts';

/** A run's seam where the source's own time is known over runs, and when its first sample had come. */
export type BeginningRun = Partial<
  Pick<
    PreparedRun,
    'seam' | 'takenOffMs' | 'beginsMs' | 'receivedAtMs' | 'pausedMs' | 'clocks' | 'keyframeWait'
  > &
    Pick<Joining, 'takenOff'>
>;

/** Between what a segment says of its time and those of its samples. */
const ROUNDING_MS = 20;

/** Sound that is not encoded any more, since its source has taken the record's rate, goes on in the same file. */
const tracksOf = (outputs: readonly (readonly TrackSource[])[]): TrackSource[] =>
  outputs.flat().map((track) => ({ ...track, isEncoded: false }));

/** The present connection to the source: how what comes over it, in one run of ffmpeg or several, joins what is recorded. */
export class SourceConnection {
  readonly #timeline = new InputTimeline();
  #sourceTimeline = new SourceTimeline();
  #outputs: readonly (readonly TrackSource[])[] = [];
  #content = new RecordedContent();
  #joined: JoinedContent | undefined;
  #begunAtMs = 0;
  #receivedAtMs: BeginningRun['receivedAtMs'];
  #pausedMs: BeginningRun['pausedMs'];
  #clocks: BeginningRun['clocks'];
  #order: SentOrder | undefined;
  #keyframeWait: BeginningRun['keyframeWait'];
  #takenOff: BeginningRun['takenOff'];
  #beginsMs: BeginningRun['beginsMs'];
  #recordedMs: { readonly from: number; readonly until: number } | undefined;
  /** Wall clock of media time zero in ffmpeg's present run, in epoch milliseconds; known at its first fragment. */
  #zeroAtMs: number | undefined;
  /** Fragments of ffmpeg's present run have been left out, since they were recorded before. */
  #hasRepeated: boolean = false;
  /** The first one that was not goes on where those recorded end. */
  #isRightBehind: boolean = false;

  /** How much of it has been recorded, in ms of its own time. */
  get recordedMs(): number {
    return this.#recordedMs === undefined ? 0 : this.#recordedMs.until - this.#recordedMs.from;
  }

  /** Since when pictures have come of which ffmpeg gets none; undefined when it is not so. */
  get waitsForKeyframeSinceMs(): number | undefined {
    return this.#keyframeWait?.()?.sinceMs;
  }

  get zeroAtMs(): number | undefined {
    return this.#zeroAtMs;
  }

  /** ffmpeg begins. */
  begin(run: BeginningRun, nowMs: number): void {
    const { seam, takenOffMs, beginsMs, receivedAtMs, pausedMs, clocks, keyframeWait, takenOff } = run;
    this.#takenOff = takenOff;
    this.#beginsMs = beginsMs;
    this.#pausedMs = pausedMs;
    this.#clocks = clocks;
    this.#keyframeWait = keyframeWait;
    this.#begunAtMs = nowMs;
    this.#receivedAtMs = receivedAtMs;
    const jumpedMs =
      this.#zeroAtMs === undefined ? 0 : this.#sourceTimeline.jumpedMs + (this.#order?.shiftMs ?? 0);
    this.#zeroAtMs = undefined;
    this.#hasRepeated = false;
    this.#isRightBehind = false;
    this.#timeline.begin(seam, takenOffMs, jumpedMs);
    if (!this.#timeline.isSameConnection) this.#recordedMs = undefined;
  }

  /**
   * What ffmpeg's present run writes to each of its pipes.
   * @param goesOn as in `Joining`
   */
  media(
    outputs: readonly (readonly TrackSource[])[],
    { format, isLive, inputs, packets, data }: RunFacts,
    goesOn?: Joining['goesOn'],
  ): LiveMedia {
    const { isSameConnection } = this.#timeline;
    const receivedAtMs = this.#receivedAtMs?.();
    const connectedAtMs = receivedAtMs ?? this.#begunAtMs;
    if (!isSameConnection) {
      this.#sourceTimeline = new SourceTimeline(
        isLive ? { ...LIVE_TIMELINE, connectedAtMs, pausedMs: this.#pausedMs } : STORED_TIMELINE,
      );
      this.#order = this.#clocks === undefined ? undefined : new SentOrder(this.#clocks);
    } else this.#order?.beginRun();
    // What is recorded of other tracks goes on in no file of these.
    const isAlike = isDeepStrictEqual(tracksOf(outputs), tracksOf(this.#outputs));
    if (!isAlike) this.#content = new RecordedContent();
    if (!isAlike || !isSameConnection) this.#joined = this.#content.join(this.#begunAtMs);
    const { mayRepeat } = this.#timeline;
    // What its own times tell apart is never the same.
    if (isSameConnection || !(isLive || mayRepeat)) this.#joined?.forget();
    this.#outputs = outputs;
    return new LiveMedia(outputs, format, {
      timeline: this.#sourceTimeline,
      order: this.#order,
      content: this.#joined,
      isSame: mayRepeat,
      receivedAtMs,
      takenOff: this.#takenOff,
      inputs,
      beginsMs: this.#beginsMs,
      packets,
      data,
      goesOn,
    });
  }

  /**
   * Where the run's time zero is.
   * @param end of what is recorded; undefined: nothing is
   */
  settle(media: Pick<LiveMedia, 'zeroAtMs'>, first: Fragment, end: FileEnd | undefined): number {
    const leadMs = this.#timeline.isNew ? (end?.leadMs(first) ?? 0) : 0;
    // It is known by times as ffmpeg gives them; those of fragments are as they were sent.
    const knownAtMs = this.#joined?.zeroAtMs;
    const turnedMs = this.#order?.turnedMs ?? 0;
    this.#zeroAtMs ??= this.#timeline.zeroAtMs(
      media.zeroAtMs,
      first.startMs + leadMs,
      end?.atMs,
      knownAtMs === undefined ? undefined : knownAtMs - turnedMs,
    );
    this.#joined?.settle(this.#zeroAtMs);
    return this.#zeroAtMs;
  }

  /** The run is so much later in the record than the source's own time has it, and so is what goes on from there. */
  move(byMs: number): void {
    if (byMs === 0 || this.#zeroAtMs === undefined) return;
    this.#zeroAtMs += byMs;
    this.#timeline.move(byMs);
    this.#joined?.settle(this.#zeroAtMs);
  }

  /**
   * A source that keeps what it sent gives some of it again when it is joined again: the run's first fragments. Samples that
   * are known again are in none of them.
   */
  isRepeated(fragment: Fragment, zeroAtMs: number, end: FileEnd): boolean {
    if (!this.#timeline.mayRepeat) return false;
    const behindMs = zeroAtMs + fragment.startMs - end.atMs;
    const isKnownAgain = this.#joined?.repeatsMs !== undefined;
    const isRepeated = isKnownAgain ? end.covers(fragment, zeroAtMs) : !end.goesOnWith(fragment, zeroAtMs);
    this.#hasRepeated ||= isRepeated;
    this.#isRightBehind = this.#hasRepeated && !isRepeated && behindMs <= ROUNDING_MS;
    return isRepeated;
  }

  /** What comes goes on right behind what is recorded: it may do so without a keyframe. */
  isSeamless(media: LiveMedia): boolean {
    return media.isSeamless || this.#isRightBehind;
  }

  /** What came before in this run has been left out: where it cannot go on, it may be in the middle of something. */
  isInside(media: LiveMedia): boolean {
    return media.isSeamless || this.#hasRepeated;
  }

  joinOf(media: LiveMedia): RunJoin {
    return this.isSeamless(media) ? 'seamless' : this.#timeline.joins;
  }

  /** The fragment is recorded. */
  take({ startMs, endMs }: Fragment): void {
    this.#recordedMs = { from: this.#recordedMs?.from ?? startMs, until: endMs };
  }
}
