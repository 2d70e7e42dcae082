import type { Logger } from '@aws-lambda-powertools/logger';
import { PlaylistError, UnsupportedStreamError } from '../../../functions/core/hls/playlist.ts';
import {
  goneBackBy,
  mayBeAnew,
  type Seam,
  type SegmentFacts,
  seamAnew,
  seamBetween,
  withTrackThatGoesOn,
} from '../../../functions/core/hls/seam.ts';
import { HttpFault } from '../reach/judgedHttp.ts';
import type { FeedEnd } from './feedEnd.ts';
import type { Follower } from './follower.ts';
import type { NextSegment } from './listedSegment.ts';
import { type OpenedSegment, SegmentOpener } from './openedSegment.ts';
import type { RunCut } from './runCut.ts';
import { RunStreams } from './runStreams.ts';
import type { SegmentOptions } from './segmentBytes.ts';
import { type Sink, SinkClosedError, writeSegment } from './sink.ts';
import { SoundClock } from './soundClock.ts';
import { Wait } from './wait.ts';

/** The segment that comes next, opened. */
export interface Ahead {
  readonly next: NextSegment;
  readonly opened: OpenedSegment;
  readonly facts: SegmentFacts;
  /** How it joins the one before. */
  readonly seam: Seam;
}

/** So many segments in a row that cannot be had are no stream. */
const SKIPPED_MAX = 10;
/** A segment that ends so little after another one begins has nothing to do with it. */
const START_TOLERANCE_MS = 100;
/** Times that are so far apart are not of the same clock. */
const FAR_MS = 120_000;
/** What goes on so little before what it is to go with is not left out. */
const LEADING_MS = 5_000;

/** One playlist's segments on their way to a demuxer. */
export class Rendition {
  readonly #follower: Follower;
  readonly #opener: SegmentOpener;
  readonly #log: Logger;
  #ahead: Ahead | undefined;
  #before: SegmentFacts | undefined;
  #skipped = 0;
  /** A segment ended in its middle: nothing can follow it in the same stream. */
  #isTorn: boolean = false;
  #comesAgain: boolean = false;
  #takenInRun = 0;
  /** What comes again may be in the record. */
  #isRecorded: boolean = true;
  /** What the present run has of its program, and how much of it. */
  readonly #inRun = new RunStreams();
  readonly #clock = new SoundClock();

  /** @param before the last segment of another variant, in whose place this one is */
  constructor(
    follower: Follower,
    options: SegmentOptions & { readonly log: Logger },
    before: SegmentFacts | undefined,
  ) {
    this.#before = before;
    this.#follower = follower;
    this.#opener = new SegmentOpener(options);
    this.#log = options.log;
  }

  /** The segment that was taken last. */
  get before(): SegmentFacts | undefined {
    return this.#before;
  }

  /** Segments that the present run was given. */
  get takenInRun(): number {
    return this.#takenInRun;
  }

  /** The stream was lost in the middle of a segment, all of which is fetched again once the stream is back. */
  get comesAgain(): boolean {
    return this.#comesAgain;
  }

  /** A run begins with what comes next. @param startMs where its pictures do, or what is all there is */
  beginRun(startMs: number | undefined): void {
    this.#comesAgain = false;
    this.#takenInRun = 0;
    this.#clock.begin(this.#before, this.#ahead?.next.isAgain ? undefined : this.#ahead?.facts, startMs);
    this.#inRun.begin();
  }

  /**
   * The segment that comes next, once there is one; it stays that until it is fed.
   * @returns undefined when the playlist has ended
   * @throws as Follower.next; of the first segment of all, also why it cannot be had
   */
  async peek(signal: AbortSignal): Promise<Ahead | undefined> {
    while (this.#ahead === undefined) {
      const next = await this.#follower.next(signal);
      if (next === undefined) return undefined;
      this.#ahead = await this.#open(next, signal);
    }
    return this.#ahead;
  }

  /**
   * Writes segments until one is a stream of its own, or there are no more.
   * @param leads it has the picture, or is all there is
   */
  async feed(sink: Sink, cut: RunCut, leads: boolean, signal: AbortSignal): Promise<FeedEnd> {
    const wait = new Wait([sink.gone, cut.over]);
    const any = AbortSignal.any([wait.signal, signal]);
    try {
      for (;;) {
        const ahead = leads ? await this.#peekPictures(cut, any) : await this.#peekBesides(cut, any);
        if (leads && ahead === undefined) cut.know(undefined);
        if (ahead === undefined) return { kind: 'ended' };
        const isFirst = this.#takenInRun === 0;
        const goesBack = !isFirst && !leads && (await this.#clock.goesBack(ahead, this.#before, cut, any));
        const isOver = this.#inRun.lacks(ahead.facts) || this.#inRun.isLong(ahead.facts);
        const isOther = (ahead.seam.kind !== 'none' && !goesBack) || isOver;
        const facts = this.#clock.besides(ahead.facts);
        if (!isFirst && leads) await cut.look(any);
        if (isFirst || !isOther) await this.#untilTold(facts, cut, leads, any);
        if (!isFirst && (isOther || cut.isBefore(facts, leads))) {
          cut.cutAfter(this.#clock.besides(this.#before));
          return { kind: 'seam' };
        }
        await this.#write(ahead, sink, cut, any);
      }
    } catch (error) {
      if (cut.over.aborted) return { kind: 'seam' };
      return sink.gone.aborted ? { kind: 'closed' } : { kind: 'failed', error };
    } finally {
      cut.leave(this);
      wait.release();
    }
  }

  /** Waits a while until it is known what becomes of the others of its time. */
  async #untilTold(facts: SegmentFacts, cut: RunCut, leads: boolean, signal: AbortSignal): Promise<void> {
    this.keepUp(signal);
    if (leads) {
      cut.know(facts);
      if (this.#takenInRun > 0) await cut.untilSound(facts, signal);
    } else {
      cut.goOn(this, facts);
      await cut.untilKnown(facts, signal);
    }
  }

  /** As its follower. */
  keepUp(signal: AbortSignal): void {
    this.#follower.keepUp(signal);
  }

  /** Whoever waits for what comes next looks at once. @returns whether it is there; once somebody has looked */
  hurry(): Promise<boolean> {
    return this.#follower.hurry();
  }

  get isAway(): boolean {
    return this.#follower.isAway;
  }

  /** What comes next is open already. */
  get isOpen(): boolean {
    return this.#ahead !== undefined;
  }

  /** Leaves out what comes before so much of the stream's own time, but for what goes on where a run has ended. */
  async startAt(startMs: number, signal: AbortSignal): Promise<Ahead | undefined> {
    for (;;) {
      const ahead = await this.peek(signal);
      if (ahead?.facts.startMs === undefined) return ahead;
      const { startMs: ownMs, durationMs } = ahead.facts;
      if (this.#goesOn && ownMs + LEADING_MS > startMs) return ahead;
      if (this.#before !== undefined && goneBackBy(this.#before, ahead.facts, startMs) > 0) return ahead;
      if (ownMs + durationMs > startMs + START_TOLERANCE_MS || ownMs + FAR_MS < startMs) return ahead;
      await this.passOver();
    }
  }

  /** As of its follower. */
  endsWithin(ms: number): boolean | undefined {
    return this.#follower.endsWithin(ms);
  }

  /** As of its follower. */
  goesOnFor(ms: number): boolean {
    return this.#follower.goesOnFor(ms);
  }

  /** What comes next is left out. */
  async passOver(): Promise<void> {
    await this.close();
    this.#follower.take();
  }

  /** What comes next is not recorded, and all before it is. */
  get #goesOn(): boolean {
    return this.#before !== undefined && (!this.#isRecorded || this.#ahead?.next.isAgain === false);
  }

  /**
   * The last segments of the present run may not have been recorded: they are to come again.
   * @param isRecorded some of it is: not where the run was for nothing
   */
  async goBack(segments: number, isRecorded: boolean): Promise<void> {
    await this.close();
    this.#isRecorded = isRecorded;
    this.#follower.goBack(Math.min(segments, this.#takenInRun));
    this.#isTorn = false;
  }

  async close(): Promise<void> {
    this.#follower.rest();
    await this.#ahead?.opened.close();
    this.#ahead = undefined;
  }

  /** Where its clock may have begun anew, sound of its own tells. */
  async #peekPictures(cut: RunCut, signal: AbortSignal): Promise<Ahead | undefined> {
    const ahead = await this.peek(signal);
    const before = this.#takenInRun > 0 ? this.#before : undefined;
    if (ahead === undefined || before === undefined || !mayBeAnew(before, ahead.facts)) return ahead;
    this.keepUp(signal);
    if (await cut.isSoundAnew(before, signal))
      this.#ahead = { ...ahead, seam: seamAnew(before, ahead.facts) };
    return this.#ahead;
  }

  /** @throws LostStreamError pictures go on without it */
  async #peekBesides(cut: RunCut, signal: AbortSignal): Promise<Ahead | undefined> {
    const before = this.#clock.besides(this.#before);
    const look = (): Promise<boolean> => this.hurry();
    const ahead = await cut.unlessLost(before, look, (until) => this.peek(until), signal);
    if (this.#takenInRun > 0 && ahead?.seam.kind === 'newTimeline') cut.beginAnew(this);
    return ahead;
  }

  async #open(next: NextSegment, signal: AbortSignal): Promise<Ahead | undefined> {
    const { segment, base, isRestart, missedMs, foundAtMs, seenAtMs } = next;
    try {
      // Of a stream that nothing has come of yet the first answer counts.
      const mayBeLate = this.#before !== undefined;
      const opened = await this.#opener.open(segment, base, signal, mayBeLate);
      this.#skipped = 0;
      const isDiscontinuity = segment.isDiscontinuity || isRestart;
      const said = { ...opened.facts, isDiscontinuity, isRestart, missedMs, foundAtMs, seenAtMs };
      const facts = this.#before === undefined ? said : withTrackThatGoesOn(this.#before, said);
      return { next, opened, facts, seam: this.#seam(facts) };
    } catch (error) {
      await this.#skip(next, error, signal);
      return undefined;
    }
  }

  #seam(facts: SegmentFacts): Seam {
    if (this.#before === undefined) return { kind: 'newTimeline', gapMs: 0 };
    const seam = seamBetween(this.#before, facts);
    return seam.kind === 'none' && this.#isTorn ? { kind: 'sameTimeline' } : seam;
  }

  async #write(ahead: Ahead, sink: Sink, cut: RunCut, signal: AbortSignal): Promise<void> {
    const { opened, facts } = ahead;
    this.#ahead = undefined;
    this.#before = facts;
    const isFirst = this.#takenInRun === 0;
    this.#takenInRun += 1;
    this.#inRun.add(facts);
    this.#isTorn = false;
    this.#follower.take();
    try {
      await writeSegment(sink, opened, isFirst);
      this.#follower.identify(opened.fingerprint());
    } catch (error) {
      // Its last picture has not come whole.
      if (cut.over.aborted && facts.kind === 'ts') await sink.write(sink.continuity.cutOff());
      signal.throwIfAborted();
      if (error instanceof SinkClosedError) throw error;
      this.#isTorn = true;
      if (facts.kind === 'ts') await sink.write(sink.continuity.cutOff());
      await this.#check(error, signal).catch((lost: unknown) => {
        this.#comesAgain = true;
        this.#follower.goBack(1);
        throw lost;
      });
      this.#log.warn('a segment ends in its middle', { cause: (error as Error).message });
    }
  }

  /** @throws what is to end the stream for now */
  async #skip({ segment }: NextSegment, error: unknown, signal: AbortSignal): Promise<void> {
    await this.#check(error, signal);
    this.#skipped += 1;
    if (this.#before === undefined || this.#skipped > SKIPPED_MAX) throw error;
    const cause = (error as Error).message;
    this.#log.warn('a segment cannot be had', { sequence: String(segment.sequence), cause });
    this.#follower.skip();
  }

  /** One segment's fault, or the whole stream's: its server has no playlist then, either. @throws the stream's */
  async #check(error: unknown, signal: AbortSignal): Promise<void> {
    const isSegments = error instanceof HttpFault || error instanceof PlaylistError;
    if (!isSegments || error instanceof UnsupportedStreamError) throw error;
    await this.#follower.probe(signal);
  }
}
