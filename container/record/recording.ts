import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type JoinedContent, RecordedContent } from '../../functions/core/media/timeline/recordedContent.ts';
import {
  LIVE_TIMELINE,
  SourceTimeline,
  STORED_TIMELINE,
} from '../../functions/core/media/timeline/sourceTimeline.ts';
import { LiveMedia } from '../../functions/core/media/tracks/liveMedia.ts';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { ContainerFormat, Fragment } from '../../functions/core/media/types.ts';
import type { LeftOut } from '../../functions/core/settings/selectTracks.ts';
import type { FinalPart, OpenPart } from '../../functions/core/state/objects.ts';
import type { AttemptContext } from '../attempt/context.ts';
import type { Measure } from '../attempt/heartbeat.ts';
import type { Limit } from '../attempt/stopRequest.ts';
import type { PreparedRun } from '../source/sourceInput.ts';
import type { RunFacts } from '../source/sourceRun.ts';
import { BufferPool } from '../upload/bufferPool.ts';
import { Spool } from '../upload/spool.ts';
import { Uploader } from '../upload/uploader.ts';
import { InputTimeline, type RunJoin } from './inputTimeline.ts';
import { RecordedPart } from './recordedPart.ts';
import { Rotation } from './rotation.ts';
import { WrittenFiles } from './writtenFiles.ts';

export interface RecordingOptions {
  readonly context: AttemptContext;
  /** The first number that may be free. */
  readonly firstPart: number;
  readonly spoolFolder: string;
  /** Aborts what is still to be done in S3. */
  readonly signal: AbortSignal;
  /** Recorded by earlier attempts. */
  readonly earlier: { readonly durationMs: number; readonly bytes: number };
  /** As much has been recorded as this setting allows. */
  readonly onLimit: (limit: Limit) => void;
  /** The first part has been opened: there is a frame on its way to S3. */
  readonly onFirstPart: (part: OpenPart) => Promise<void>;
}

/** Between what a segment says of its time and those of its samples. */
const ROUNDING_MS = 20;

/** Everything that ffmpeg wrote, cut into parts. One part is recorded while the one before is being finished. */
export class Recording {
  readonly rotation: Rotation;
  readonly #options: RecordingOptions;
  readonly #spool: Spool;
  readonly #uploader: Uploader;
  readonly #buffers = new BufferPool();
  readonly #written: WrittenFiles;
  readonly #finishing: Promise<FinalPart>[] = [];
  /** Of ffmpeg's present run, once it is known what that writes. */
  #media: LiveMedia | undefined;
  #format: ContainerFormat = 'mp4';
  #leftOut: readonly LeftOut[] = [];
  #part: RecordedPart | undefined;
  readonly #unfinished = new Set<RecordedPart>();
  #nextPart: number;
  /** Begun so far. */
  #files = 0;
  /** Wall clock of media time zero in ffmpeg's present run, in epoch milliseconds; known at its first fragment. */
  #zeroAtMs: number | undefined;
  #begunAtMs = 0;
  #receivedAtMs: number | undefined;
  /** ffmpeg's present run has not given a fragment yet. */
  #isNewRun: boolean = true;
  #connectionMs: { readonly from: number | undefined; readonly until: number } = {
    from: undefined,
    until: 0,
  };
  readonly #timeline = new InputTimeline();
  #sourceTimeline = new SourceTimeline();
  #outputs: readonly (readonly TrackSource[])[] = [];
  #content = new RecordedContent();
  #joined: JoinedContent | undefined;
  #fragments = 0;
  /** A limit is met: what ffmpeg still writes until it has ended is not recorded. */
  #isFull: boolean = false;
  #endedParts = { bytes: 0, uploadedBytes: 0, durationMs: 0, videoFrames: 0 };
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RecordingOptions) {
    const { context, signal, spoolFolder } = options;
    this.#options = options;
    this.rotation = new Rotation(context.job);
    this.#written = new WrittenFiles(context);
    this.#nextPart = options.firstPart;
    const folder = path.join(spoolFolder, `${context.job.recordingId}-${context.attempt}`);
    this.#spool = new Spool(folder, context.job.settings.spoolMaxBytes);
    this.#uploader = new Uploader({ s3: context.s3, log: context.log, signal });
  }

  open(): Promise<void> {
    return this.#spool.open();
  }

  /** At least one fragment has been recorded. */
  get hasBegun(): boolean {
    return this.#fragments > 0;
  }

  /** Fragments recorded so far: whether the source sends anything. */
  get fragments(): number {
    return this.#fragments;
  }

  /** Recorded over the present connection, in ms of its own time. */
  get connectionMs(): number {
    const { from = 0, until } = this.#connectionMs;
    return until - from;
  }

  /**
   * Takes what ffmpeg wrote to one of its pipes; undefined: that was all for now. Waits at most for the disk.
   * @throws what makes going on useless
   */
  async write(output: { readonly pipe: number; readonly chunk: Buffer } | undefined): Promise<void> {
    const media = this.#media;
    if (media === undefined) return;
    const nowMs = this.#options.context.clock.nowMs();
    if (output !== undefined) {
      media.push(output.pipe, output.chunk, nowMs);
      return;
    }
    for (const jump of media.takeJumps()) {
      this.#options.context.log.warn("the source's clock has jumped: its times go on where they were", {
        jump,
      });
      // Times that went back are another publisher's, or an encoder's that began anew: told, however short it was away.
      if ((jump.gapMs > 0 || jump.byMs < 0) && this.#zeroAtMs !== undefined)
        this.#part?.addGap(this.#zeroAtMs + jump.atMs - jump.gapMs, jump.gapMs);
    }
    for (let next = media.next(nowMs); next !== undefined; next = media.next(nowMs))
      await this.#add(media, next);
  }

  /** ffmpeg has ended: records what was waiting for more. */
  async endRun(): Promise<void> {
    const media = this.#media;
    if (media === undefined) return;
    const nowMs = this.#options.context.clock.nowMs();
    for (let next = media.rest(nowMs); next !== undefined; next = media.rest(nowMs))
      await this.#add(media, next);
  }

  /**
   * ffmpeg begins.
   * @param run its seam where the source's own time is known over runs, and when its first bytes had come
   */
  begin({ seam, receivedAtMs }: Partial<Pick<PreparedRun, 'seam' | 'receivedAtMs'>>): void {
    this.#receivedAtMs = receivedAtMs;
    this.#media = undefined;
    this.#begunAtMs = this.#options.context.clock.nowMs();
    this.#zeroAtMs = undefined;
    this.#isNewRun = true;
    this.#timeline.begin(seam);
    if (!this.#timeline.isSameConnection) this.#connectionMs = { from: undefined, until: 0 };
  }

  /** What ffmpeg's present run writes to each of its pipes, and which kind of file is made of it. */
  beginTracks(outputs: readonly (readonly TrackSource[])[], { format, leftOut, isLive }: RunFacts): void {
    this.#format = format;
    this.#leftOut = leftOut;
    const { isSameConnection } = this.#timeline;
    if (!isSameConnection)
      this.#sourceTimeline = new SourceTimeline(isLive ? LIVE_TIMELINE : STORED_TIMELINE);
    // What is recorded of other tracks goes on in no file of these.
    const isAlike = isDeepStrictEqual(outputs, this.#outputs);
    if (!isAlike) this.#content = new RecordedContent();
    if (!isAlike || !isSameConnection)
      this.#joined = isLive ? this.#content.join(this.#begunAtMs) : undefined;
    if (isSameConnection) this.#joined?.forget();
    this.#outputs = outputs;
    this.#media = new LiveMedia(outputs, format, {
      timeline: this.#sourceTimeline,
      content: this.#joined,
      receivedAtMs: this.#receivedAtMs,
    });
  }

  /** Nothing comes any more: finishes every part. @throws the first fault of any of them */
  async finish(): Promise<FinalPart[]> {
    try {
      // Finishing needs memory of its own.
      this.#buffers.close();
      await this.#finishPart();
    } finally {
      // One part's fault is none of the others', which need the spool to their end.
      await Promise.allSettled(this.#finishing);
    }
    return Promise.all(this.#finishing);
  }

  async close(): Promise<void> {
    await Promise.all([this.#written.said(), this.#spool.close()]);
  }

  measure(): Measure {
    const part = this.#part;
    const uploadedBytes = this.#endedParts.uploadedBytes + (part?.uploadedBytes ?? 0);
    const bytes = this.#endedParts.bytes + (part?.bytes ?? 0);
    return {
      part: Math.max(1, this.#nextPart - 1),
      bytes,
      uploadedBytes,
      durationMs: this.#endedParts.durationMs + (part?.durationMs ?? 0),
      videoFrames: this.#endedParts.videoFrames + (part?.videoFrames ?? 0),
      spoolBytes: this.#spool.bytes,
      tailAgeMs: part?.unsavedMs(this.#options.context.clock.nowMs()) ?? 0,
      waitsForKeyframeSinceMs: this.#media?.waitsForKeyframeSinceMs,
    };
  }

  async #add(media: LiveMedia, fragment: Fragment): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isFull) return;
    this.#zeroAtMs ??= this.#timeline.zeroAtMs(media.zeroAtMs, fragment.startMs, this.#part?.endAtMs);
    this.#joined?.settle(this.#zeroAtMs);
    if (this.#isRepeated(fragment, this.#zeroAtMs)) return;
    const isNewRun = this.#isNewRun;
    this.#connectionMs = { from: this.#connectionMs.from ?? fragment.startMs, until: fragment.endMs };
    const goesOn = this.#part !== undefined && this.#goesOn(media, this.#part, fragment, this.#zeroAtMs);
    // Nothing begins in the middle of what cannot go on.
    if (!goesOn && isNewRun && media.isSeamless && !fragment.keyframe) return;
    this.#isNewRun = false;
    const isWhole = goesOn && (!isNewRun || this.#joinOf(media) === 'seamless');
    const next = isWhole ? fragment : (fragment.withoutLeading?.() ?? fragment);
    if (!goesOn) await this.#finishPart();
    const part = this.#part ?? this.#openPart(media, next, this.#zeroAtMs);
    this.#part = part;
    await part.add(next);
    this.#fragments += 1;
    this.#checkLimits(part);
  }

  /** A source that keeps what it sent gives some of it again when it is joined again. */
  #isRepeated(fragment: Fragment, zeroAtMs: number): boolean {
    if (!this.#isNewRun || this.#part === undefined || !this.#timeline.goesOn) return false;
    return zeroAtMs + fragment.startMs < this.#part.endAtMs - ROUNDING_MS;
  }

  #checkLimits(part: RecordedPart): void {
    const { context, earlier, onLimit } = this.#options;
    const { maxDurationMs, maxBytes } = context.job.settings;
    const durationMs = earlier.durationMs + this.#endedParts.durationMs + part.durationMs;
    const bytes = earlier.bytes + this.#endedParts.bytes + part.bytes;
    const limit =
      durationMs >= (maxDurationMs ?? Number.POSITIVE_INFINITY)
        ? 'maxDurationMs'
        : bytes >= (maxBytes ?? Number.POSITIVE_INFINITY)
          ? 'maxBytes'
          : undefined;
    if (limit === undefined) return;
    this.#isFull = true;
    onLimit(limit);
  }

  #goesOn(media: LiveMedia, part: RecordedPart, next: Fragment, zeroAtMs: number): boolean {
    if (this.rotation.isDue(part, next, this.#unfinished.size)) return false;
    if (!this.#isNewRun) return part.accepts(next);
    // Without a keyframe nothing can begin, not even after a gap; and another container is another file.
    if (part.format !== this.#format || !(next.keyframe || media.isSeamless)) return false;
    return part.resume(next, zeroAtMs + next.startMs, this.#joinOf(media));
  }

  #joinOf({ isSeamless }: LiveMedia): RunJoin {
    return isSeamless ? 'seamless' : this.#timeline.joins;
  }

  #openPart(media: LiveMedia, first: Fragment, zeroAtMs: number): RecordedPart {
    const { context, signal, onFirstPart, firstPart } = this.#options;
    this.#files += 1;
    const part = new RecordedPart(
      {
        context,
        uploader: this.#uploader,
        spool: this.#spool,
        buffers: this.#buffers,
        signal,
        format: this.#format,
        leftOut: this.#leftOut,
        part: this.#nextPart,
        file: this.#files,
        zeroAtMs,
      },
      (pages) => media.startPart(first, pages),
    );
    this.#unfinished.add(part);
    const isFirst = this.#nextPart === firstPart;
    this.#nextPart += 1;
    part.opened
      .then(async (open) => {
        this.#nextPart = Math.max(this.#nextPart, open.part + 1);
        this.#written.opened(open);
        if (isFirst) await onFirstPart(open);
      })
      .catch((error: unknown) => this.#fail(error));
    return part;
  }

  async #finishPart(): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    this.#endedParts = {
      bytes: this.#endedParts.bytes + part.bytes,
      uploadedBytes: this.#endedParts.uploadedBytes + part.bytes,
      durationMs: this.#endedParts.durationMs + part.durationMs,
      videoFrames: this.#endedParts.videoFrames + part.videoFrames,
    };
    await part.end();
    const finished = part.finish();
    finished.then(
      () => this.#unfinished.delete(part),
      (error: unknown) => this.#fail(error),
    );
    this.#finishing.push(finished);
    // Nobody writes it any more, whatever came of it.
    void Promise.allSettled([part.opened, finished]).then(([opened]) => {
      if (opened.status === 'fulfilled') this.#written.ended(opened.value);
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}
