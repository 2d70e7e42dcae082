import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LiveMedia } from '../../functions/core/media/tracks/liveMedia.ts';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { ContainerFormat, Fragment } from '../../functions/core/media/types.ts';
import type { LeftOut } from '../../functions/core/settings/selectTracks.ts';
import type { FinalPart, OpenPart } from '../../functions/core/state/partObjects.ts';
import type { AttemptContext } from '../attempt/context.ts';
import type { Measure } from '../attempt/heartbeat.ts';
import type { Limit } from '../attempt/stopRequest.ts';
import { RecordingPictures } from '../pictures/recordingPictures.ts';
import type { OutputChunk } from '../source/outputs.ts';
import type { RunFacts } from '../source/sourceRun.ts';
import { LivePlayback } from '../upload/livePlayback.ts';
import { type SharedDisk, Spool } from '../upload/spool.ts';
import { Uploader } from '../upload/uploader.ts';
import { Changes } from './changes.ts';
import { Closing } from './closing.ts';
import { RecordedPart } from './recordedPart.ts';
import { Rotation } from './rotation.ts';
import { type BeginningRun, SourceConnection } from './sourceConnection.ts';
import { WrittenFiles } from './writtenFiles.ts';

export interface RecordingOptions {
  readonly context: AttemptContext;
  /** The first number that may be free. */
  readonly firstPart: number;
  readonly spoolFolder: string;
  /** Others' spools are on it. */
  readonly disk?: SharedDisk | undefined;
  /** Aborts what is still to be done in S3. */
  readonly signal: AbortSignal;
  /** Recorded by earlier attempts. */
  readonly earlier: { readonly durationMs: number; readonly bytes: number };
  /** As much has been recorded as this setting allows. */
  readonly onLimit: (limit: Limit) => void;
  /** The first part has been opened: there is a frame on its way to S3. */
  readonly onFirstPart: (part: OpenPart) => Promise<void>;
}

const LAST_WRITE_MS = 10_000;

/** Everything that ffmpeg wrote, cut into parts. One part is recorded while the one before is being finished. */
export class Recording {
  readonly rotation: Rotation;
  /** Undefined where nobody watches what is recorded. */
  readonly live: LivePlayback | undefined;
  readonly #options: RecordingOptions;
  readonly #spool: Spool;
  readonly #uploader: Uploader;
  readonly #written: WrittenFiles;
  readonly #pictures: RecordingPictures | undefined;
  readonly #finishing: Promise<FinalPart>[] = [];
  /** Of ffmpeg's present run, once it is known what that writes. */
  #media: LiveMedia | undefined;
  #format: ContainerFormat = 'mp4';
  #leftOut: readonly LeftOut[] = [];
  #part: RecordedPart | undefined;
  readonly #unfinished = new Set<RecordedPart>();
  /** Finished ones of which the journal does not have all yet. */
  readonly #closing = new Closing((error) => this.#fail(error));
  #nextPart: number;
  /** Begun so far. */
  #files = 0;
  readonly #connection = new SourceConnection();
  readonly #changes = new Changes();
  /** ffmpeg's present run has not given a fragment yet. */
  #isNewRun: boolean = true;
  #fragments = 0;
  /** A limit is met: what ffmpeg still writes until it has ended is not recorded. */
  #isFull: boolean = false;
  #endedParts = { bytes: 0, uploadedBytes: 0, durationMs: 0, videoFrames: 0 };
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RecordingOptions) {
    const { context, signal, spoolFolder, disk } = options;
    this.#options = options;
    this.rotation = new Rotation(context.job);
    this.live = LivePlayback.of(context.job.settings);
    this.#written = new WrittenFiles(context);
    this.#pictures = RecordingPictures.of(context);
    this.#nextPart = options.firstPart;
    const folder = path.join(spoolFolder, `${context.job.recordingId}-${context.attempt}`);
    this.#spool = new Spool(folder, context.job.settings.spoolMaxBytes, disk);
    this.#uploader = new Uploader({ s3: context.s3, log: context.log, signal });
  }

  async open(): Promise<void> {
    await this.#spool.open();
    this.#options.context.buffers.open();
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
    return this.#connection.recordedMs;
  }

  /**
   * Takes what ffmpeg wrote to one of its pipes; undefined: that was all for now. Waits at most for the disk.
   * @returns whether pictures or sound have come
   * @throws what makes going on useless
   */
  async write(output: OutputChunk): Promise<boolean> {
    const media = this.#media;
    if (media === undefined) return false;
    const nowMs = this.#options.context.clock.nowMs();
    if (output !== undefined) return media.push(output.pipe, output.chunk, nowMs);
    for (const jump of media.takeJumps()) {
      this.#options.context.log.warn("the source's clock has jumped: its times go on where they were", {
        jump,
      });
      // Times that went back are another publisher's, or an encoder's that began anew: told, however short it was away.
      const { zeroAtMs } = this.#connection;
      if ((jump.gapMs > 0 || jump.byMs < 0) && zeroAtMs !== undefined)
        this.#part?.times.addGap(zeroAtMs + jump.atMs - jump.gapMs, jump.gapMs);
    }
    for (let next = media.next(nowMs); next !== undefined; next = media.next(nowMs))
      await this.#add(media, next);
    return false;
  }

  /** ffmpeg has ended: records what was waiting for more. */
  async endRun(): Promise<void> {
    const media = this.#media;
    if (media === undefined) return;
    const nowMs = this.#options.context.clock.nowMs();
    for (let next = media.rest(nowMs); next !== undefined; next = media.rest(nowMs))
      await this.#add(media, next);
  }

  /** ffmpeg begins. */
  begin(run: BeginningRun): void {
    this.#media = undefined;
    this.#isNewRun = true;
    this.#connection.begin(run, this.#options.context.clock.nowMs());
  }

  /** What ffmpeg's present run writes to each of its pipes, and which kind of file is made of it. */
  beginTracks(outputs: readonly (readonly TrackSource[])[], run: RunFacts): void {
    this.#format = run.format;
    this.#leftOut = run.leftOut;
    this.#media = this.#connection.media(outputs, run, this.#part?.tracks);
  }

  /** It is told to end: what takes time, and does not need the last bytes, begins. */
  expectEnd(): void {
    this.#part?.expectEnd();
  }

  /** Nothing comes any more: finishes every part. @throws the first fault of any of them */
  async finish(): Promise<FinalPart[]> {
    try {
      // Finishing needs memory of its own.
      this.#options.context.buffers.close();
      await this.#finishPart();
    } finally {
      // One part's fault is none of the others', which need the spool to their end.
      await Promise.allSettled(this.#finishing);
    }
    return Promise.all(this.#finishing);
  }

  /** @param goesOn another attempt records on: whoever begins to watch that goes back in what this one had */
  async close(goesOn: boolean): Promise<void> {
    const { journal, clock } = this.#options.context;
    // Whoever watches sees the end; where S3 is away nobody waits for it.
    if (this.live?.isWatched(clock.nowMs()) === true)
      await Promise.race([journal.flush(), delay(LAST_WRITE_MS, undefined, { ref: false })]);
    if (!goesOn) this.live?.end();
    await this.#closing.all();
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
      waitsForKeyframeSinceMs:
        this.#media?.waitsForKeyframeSinceMs ?? this.#connection.waitsForKeyframeSinceMs,
    };
  }

  async #add(media: LiveMedia, fragment: Fragment): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isFull) return;
    const end = this.#part?.times.end;
    const zeroAtMs = this.#connection.settle(media, fragment, end);
    const isNewRun = this.#isNewRun;
    if (isNewRun && end !== undefined && this.#connection.isRepeated(fragment, zeroAtMs, end)) return;
    this.#connection.take(fragment);
    const goesOn = this.#part !== undefined && this.#goesOn(media, this.#part, fragment, zeroAtMs);
    // Nothing begins in the middle of what cannot go on.
    if (!goesOn && isNewRun && !fragment.keyframe && this.#connection.isInside(media)) return;
    this.#isNewRun = false;
    const goesOnIn = this.#connection.joinOf(media) === 'seamless' ? 'all' : 'gap';
    const begins = isNewRun || !goesOn;
    const next = begins ? (fragment.asBeginning?.(goesOn ? goesOnIn : 'nothing') ?? fragment) : fragment;
    if (!goesOn) await this.#finishPart();
    const part = this.#part ?? this.#openPart(media, next, zeroAtMs);
    this.#part = part;
    await part.add(next, media.keyPicture);
    this.#fragments += 1;
    this.#checkLimits(part);
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
    if (this.#isNewRun ? this.#resumes(media, part, next, zeroAtMs) : part.accepts(next)) return true;
    const { context, onLimit } = this.#options;
    if (this.#changes.add(context.clock.nowMs())) onLimit('changes');
    return false;
  }

  #resumes(media: LiveMedia, part: RecordedPart, next: Fragment, zeroAtMs: number): boolean {
    // Without a keyframe nothing can begin, not even after a gap; and another container is another file.
    if (part.format !== this.#format || !(next.keyframe || this.#connection.isSeamless(media))) return false;
    const resumed = part.times.resume(next, zeroAtMs + next.startMs, this.#connection.joinOf(media));
    if (resumed !== undefined) this.#connection.move(resumed.movedMs);
    return resumed !== undefined;
  }

  #openPart(media: LiveMedia, first: Fragment, zeroAtMs: number): RecordedPart {
    const { context, signal, onFirstPart, firstPart } = this.#options;
    this.#files += 1;
    const part = new RecordedPart(
      {
        context,
        uploader: this.#uploader,
        spool: this.#spool,
        buffers: context.buffers,
        pictures: this.#pictures,
        signal,
        format: this.#format,
        leftOut: this.#leftOut,
        part: this.#nextPart,
        file: this.#files,
        zeroAtMs,
        live: this.live,
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
      () => {
        this.#unfinished.delete(part);
        this.#closing.add(part);
      },
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
