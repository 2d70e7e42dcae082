import { isStatus, uploadIsGone } from '../../functions/aws/stateStore.ts';
import type { PageStore } from '../../functions/core/media/pages.ts';
import type { KeyPicture } from '../../functions/core/media/tracks/sample.ts';
import {
  type ContainerFormat,
  FILLER_MAX_BYTES,
  type Fragment,
  type PartMuxer,
  type TrackInfo,
} from '../../functions/core/media/types.ts';
import type { LeftOut } from '../../functions/core/settings/selectTracks.ts';
import { partKey } from '../../functions/core/state/keys.ts';
import { type FinalPart, finalPartSchema, type OpenPart } from '../../functions/core/state/partObjects.ts';
import { announcePart } from '../../functions/recordings/announcements.ts';
import { type AttemptContext, tryAnnounce } from '../attempt/context.ts';
import { SupersededError } from '../attempt/faults.ts';
import { PartPictures } from '../pictures/partPictures.ts';
import type { RecordingPictures } from '../pictures/recordingPictures.ts';
import type { BufferPool } from '../upload/bufferPool.ts';
import { completeUpload } from '../upload/completion.ts';
import type { JournalTrack } from '../upload/journalTrack.ts';
import type { LivePlayback } from '../upload/livePlayback.ts';
import type { PageFile } from '../upload/pageFile.ts';
import { PartUpload } from '../upload/partUpload.ts';
import { retrying } from '../upload/retry.ts';
import type { Spool } from '../upload/spool.ts';
import type { Uploader } from '../upload/uploader.ts';
import { finalPartOf, writeFinal } from './finalPart.ts';
import { writeFragmentIndex } from './fragmentIndex.ts';
import { PartTimes } from './partTimes.ts';
import { factsOf, takePart } from './takePart.ts';

export interface PartOptions {
  readonly context: AttemptContext;
  readonly uploader: Uploader;
  readonly spool: Spool;
  readonly buffers: BufferPool;
  /** Undefined: none are made. */
  readonly pictures: RecordingPictures | undefined;
  /** Aborts what is still to be done in S3. */
  readonly signal: AbortSignal;
  readonly format: ContainerFormat;
  /** Streams of the source that are not recorded. */
  readonly leftOut: readonly LeftOut[];
  /** The number to take, or the next free one after it. */
  readonly part: number;
  /** The attempt's first, second, … file. */
  readonly file: number;
  /** Wall clock of the attempt's media time zero, in epoch milliseconds. */
  readonly zeroAtMs: number;
  /** Undefined where nobody watches what is recorded. */
  readonly live: LivePlayback | undefined;
}

/**
 * One part of the recording, from its first fragment to the completed upload. Opening it (the upload, the file's name,
 * `open.json`) goes on in the background: S3 may be away, and ffmpeg must not wait.
 */
export class RecordedPart {
  readonly #options: PartOptions;
  /** The file's index, while it grows. */
  readonly #pages: PageFile;
  readonly #muxer: PartMuxer;
  readonly times: PartTimes;
  readonly #upload: PartUpload;
  readonly #openedAtMs: number;
  /** Settles when the part's number has been taken. */
  readonly opened: Promise<OpenPart>;
  /** What is in no S3 part yet is saved there. */
  readonly #journal: JournalTrack;
  #part: number | undefined;
  readonly #pictures: PartPictures | undefined;
  #lastByteAtMs: number;
  /** The file ends in the middle of a fragment: it is left to a rescuer, who finds out where the last whole one ends. */
  #broken: { readonly error: unknown } | undefined;

  constructor(options: PartOptions, startPart: (pages: PageStore) => PartMuxer) {
    this.#options = options;
    this.#pages = options.spool.pages();
    this.#muxer = startPart(this.#pages);
    this.times = new PartTimes(this.#muxer, options.zeroAtMs);
    this.#openedAtMs = options.context.clock.nowMs();
    this.#lastByteAtMs = this.#openedAtMs;
    this.opened = this.#open();
    void this.opened.then(
      ({ part }) => {
        this.#part = part;
      },
      () => undefined,
    );
    this.#pictures = options.pictures && new PartPictures(options.pictures, this.opened);
    const target = this.opened.then(({ key, uploadId }) => ({
      bucket: options.context.store.bucket,
      key,
      uploadId,
    }));
    this.#upload = new PartUpload({
      uploader: options.uploader,
      spool: options.spool,
      buffers: options.buffers,
      target,
      partBytes: options.context.job.settings.partBytes,
    });
    const { journal, job, attempt } = options.context;
    this.#journal = journal.track({
      file: { recordingId: job.recordingId, attempt, file: options.file },
      maxLossMs: job.settings.maxLossMs,
      upload: this.#upload,
      isRescued: () => this.#isRescued(),
      live: options.live,
      part: () => this.#part,
    });
  }

  get format(): ContainerFormat {
    return this.#options.format;
  }

  get bytes(): number {
    return this.#upload.bytes;
  }

  get uploadedBytes(): number {
    return this.#upload.uploadedBytes;
  }

  get tracks(): readonly TrackInfo[] {
    return this.#muxer.tracks;
  }

  get videoFrames(): number {
    return this.#muxer.summary.videoFrames;
  }

  get durationMs(): number {
    return this.#muxer.summary.durationMs;
  }

  get mustRoll(): boolean {
    return this.#upload.mustRoll;
  }

  /** Age of what would be lost if the task were killed now; undefined before anything was saved. */
  unsavedMs(nowMs: number): number | undefined {
    return this.#journal.ageMs(nowMs);
  }

  /** The fragment belongs into this file: the source has not changed its parameters with it. */
  accepts(fragment: Fragment): boolean {
    return this.#muxer.accepts(fragment);
  }

  /**
   * Appends a fragment. Waits at most for the disk.
   * @param picture with which it begins, if that can be decoded by itself
   * @throws what makes going on useless
   */
  async add(fragment: Fragment, picture?: KeyPicture): Promise<void> {
    const head = this.#upload.bytes === 0 ? this.#muxer.head : NOTHING;
    if (this.#broken !== undefined) throw this.#broken.error;
    this.#upload.reserve(head.length + fragment.bytes.length + FILLER_MAX_BYTES);
    try {
      await this.#upload.append(head);
      await this.#upload.append(this.#muxer.add(fragment));
    } catch (error) {
      this.#broken = { error };
      throw error;
    }
    this.#lastByteAtMs = this.#options.context.clock.nowMs();
    this.times.take(fragment);
    const { durationMs, videoFrames } = this.#muxer.summary;
    this.#journal.added(
      { durationMs, videoFrames, atMs: this.#lastByteAtMs },
      { keyframe: fragment.keyframe, headBytes: head.length, played: this.#muxer.played },
    );
    if (picture !== undefined)
      this.#pictures?.take(picture, durationMs - (fragment.endMs - fragment.startMs));
  }

  /** The recording is told to end. */
  expectEnd(): void {
    this.#pictures?.expectEnd();
  }

  /** Somebody took this recorder for lost: it leaves the part to him, and goes. */
  async #isRescued(): Promise<boolean> {
    const { store, job } = this.#options.context;
    const { part } = await this.opened;
    const final = await store.read(partKey(job.recordingId, part, 'final'), finalPartSchema);
    if (final?.value.recovered !== true) return false;
    this.#broken ??= { error: new SupersededError(`part ${part} is completed by somebody else`) };
    return true;
  }

  /** Nothing more comes: what is in memory goes to S3 or to disk. Waits at most for the disk. */
  async end(): Promise<void> {
    try {
      await this.#upload.end();
    } catch (error) {
      this.#broken ??= { error };
    }
  }

  /**
   * Makes an ordinary file of what was recorded and has ended: all other S3 parts, then `final.json` with the exact list, then the
   * first S3 part with its new head, then Complete. Whoever finds `final.json` can do the rest.
   * @throws SupersededError somebody else completed or aborted the upload with another content
   */
  async finish(): Promise<FinalPart> {
    try {
      const final = await this.#finish();
      this.#journal.complete();
      return final;
    } catch (error) {
      this.#journal.leave();
      this.#pictures?.leave();
      throw error;
    } finally {
      this.#pages.close();
    }
  }

  /** Gives memory and disk back, once the journal has what it is to have of a part that is finished. */
  async close(): Promise<void> {
    await this.#journal.drained;
    await this.#upload.close();
  }

  /** Nobody waits for what the journal does not have yet. */
  drop(): void {
    this.#journal.drop();
  }

  async #finish(): Promise<FinalPart> {
    const { context } = this.#options;
    if (this.#broken !== undefined) throw this.#broken.error;
    const open = await this.opened;
    // Beside what is still to be uploaded.
    const pictured = this.#pictures?.finish();
    const sealed = await this.#upload.flush();
    const { head, index } = this.#muxer.finish();
    const first =
      head === undefined ? undefined : await this.#upload.firstWithHead(head, this.#muxer.head.length);
    const newFirst =
      first === undefined ? undefined : { partNumber: 1, bytes: first.bytes, crc32: first.crc32 };
    const final = await writeFinal(
      context,
      finalPartOf({
        open,
        uploaded: sealed.uploaded,
        newFirst,
        summary: this.#muxer.summary,
        gaps: this.times.gaps,
        endAtMs: this.times.end.atMs,
        lastByteAtMs: this.#lastByteAtMs,
        finalizedAtMs: context.clock.nowMs(),
      }),
      (run) => this.#retrying(run),
    );
    const [uploaded] = await Promise.all([
      first === undefined ? sealed.uploaded[0] : this.#upload.uploadFirstAgain(first),
      // Before the record is there, so that whoever moves it finds them.
      index === undefined ? undefined : writeFragmentIndex(context, final.part, index),
      pictured,
    ]);
    const parts = [...(uploaded === undefined ? [] : [uploaded]), ...sealed.uploaded.slice(1)];
    await completeUpload(context, { target: sealed.target, parts, final }, (run) => this.#retrying(run));
    context.log.info('part finished', { part: final.part, bytes: final.bytes, durationMs: final.durationMs });
    await tryAnnounce(context, () => announcePart(context, context.job, final, true));
    return final;
  }

  async #open(): Promise<OpenPart> {
    const { context, part, live, ...options } = this.#options;
    const openedAtMs = this.#openedAtMs;
    const facts = factsOf({ ...options, openedAtMs, isPlayed: live !== undefined }, this.#muxer);
    for (let next = part; ; next++) {
      const taken = await this.#retrying(() => takePart(context, { ...facts, part: next }));
      if (taken !== undefined) return taken;
    }
  }

  #retrying<T>(run: () => Promise<T>): Promise<T> {
    const { context, signal } = this.#options;
    return retrying(run, {
      signal,
      isFinal: (error) => uploadIsGone(error) || isStatus(error, 404) || error instanceof SupersededError,
      onRetry: (error, tries) =>
        context.log.warn('S3 did not answer; trying again', { tries, error: error as Error }),
    });
  }
}

const NOTHING = Buffer.alloc(0);
