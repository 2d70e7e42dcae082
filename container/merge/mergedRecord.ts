import path from 'node:path';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import { uploadIsGone } from '../../functions/aws/stateStore.ts';
import { SourceTimeline } from '../../functions/core/media/timeline/sourceTimeline.ts';
import { LiveMedia } from '../../functions/core/media/tracks/liveMedia.ts';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { Fragment, PartMuxer } from '../../functions/core/media/types.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import { MERGE_ATTEMPT, MERGE_FORMAT, MERGE_PART } from '../../functions/core/rooms/mergeResult.ts';
import type { Job } from '../../functions/core/state/objects.ts';
import type { FinalPart, OpenPart } from '../../functions/core/state/partObjects.ts';
import { PartPictures } from '../pictures/partPictures.ts';
import type { PictureMaking } from '../pictures/pictureMaker.ts';
import { RecordingPictures } from '../pictures/recordingPictures.ts';
import { finalPartOf, writeFinal } from '../record/finalPart.ts';
import { writeFragmentIndex } from '../record/fragmentIndex.ts';
import { takePart } from '../record/takePart.ts';
import { BufferPool } from '../upload/bufferPool.ts';
import { completeUpload } from '../upload/completion.ts';
import type { PageFile } from '../upload/pageFile.ts';
import { PartUpload } from '../upload/partUpload.ts';
import { retrying } from '../upload/retry.ts';
import { Spool } from '../upload/spool.ts';
import { Uploader } from '../upload/uploader.ts';

export interface MergedRecordContext {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly pictures: PictureMaking;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the recording that the merge becomes. */
  readonly job: Job;
}

export interface MergedRecordOptions {
  readonly context: MergedRecordContext;
  /** What comes by each pipe. */
  readonly outputs: readonly (readonly TrackSource[])[];
  /** Wall clock of the merge's first frame, epoch milliseconds. */
  readonly zeroMs: number;
  readonly spoolFolder: string;
  readonly signal: AbortSignal;
}

/** Nobody sends it live: times are true, and no track is left behind, however long it takes to make. */
const MADE_TIMELINE = { aheadMaxMs: Number.POSITIVE_INFINITY, comesAsMade: false };
const NO_CLOCK_MS = 0;
/** S3 that is slow is waited for: little has to lie on disk. */
const SPOOL_MAX_BYTES = 1024 ** 3;

/**
 * The result of a merge, written as recorders write a part: fragments into an S3 multipart upload, the index in front at the
 * end, with its poster, its storyboard and its index of fragments. Nothing is saved in between: it can be made again.
 */
export class MergedRecord {
  readonly #options: MergedRecordOptions;
  readonly #media: LiveMedia;
  readonly #spool: Spool;
  readonly #pages: PageFile;
  readonly #uploader: Uploader;
  readonly #buffers = new BufferPool();
  readonly #pictures: RecordingPictures | undefined;
  readonly #openedAtMs: number;
  #opened: Opened | undefined;

  /** @throws the disk's own error */
  static async open(options: MergedRecordOptions): Promise<MergedRecord> {
    const record = new MergedRecord(options);
    await record.#spool.open();
    record.#buffers.open();
    return record;
  }

  private constructor(options: MergedRecordOptions) {
    const { context, outputs, spoolFolder, signal } = options;
    this.#options = options;
    this.#media = new LiveMedia(outputs, MERGE_FORMAT, { timeline: new SourceTimeline(MADE_TIMELINE) });
    this.#spool = new Spool(path.join(spoolFolder, context.job.recordingId), SPOOL_MAX_BYTES);
    this.#pages = this.#spool.pages();
    this.#uploader = new Uploader({ s3: context.s3, log: context.log, signal });
    this.#pictures = RecordingPictures.of(context);
    this.#openedAtMs = context.clock.nowMs();
  }

  /** Of the multipart upload, once there is one. */
  get uploadId(): string | undefined {
    return this.#opened?.open.uploadId;
  }

  /** What an encoder wrote to its pipe; undefined: that was all for now. @throws what makes going on useless */
  async write(output: { readonly pipe: number; readonly chunk: Buffer } | undefined): Promise<void> {
    if (output !== undefined) {
      this.#media.push(output.pipe, output.chunk, NO_CLOCK_MS);
      return;
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#add(next);
  }

  #next(): Fragment | undefined {
    return this.#media.next(NO_CLOCK_MS);
  }

  /** Nothing more comes: completes the record. @throws what makes going on useless */
  async finish(): Promise<FinalPart> {
    for (let next = this.#media.rest(NO_CLOCK_MS); next; next = this.#media.rest(NO_CLOCK_MS))
      await this.#add(next);
    const opened = this.#opened;
    if (opened === undefined) throw new Error('the encoders gave nothing');
    const { context } = this.#options;
    const { open, muxer, upload, pictures } = opened;
    await upload.end();
    const pictured = pictures?.finish();
    const sealed = await upload.flush();
    const { head, index } = muxer.finish();
    if (head === undefined || index === undefined) throw new Error('the record has no index');
    const first = await upload.firstWithHead(head, muxer.head.length);
    const final = await writeFinal(
      context,
      finalPartOf({
        ...{ open, uploaded: sealed.uploaded, summary: muxer.summary, gaps: [] },
        newFirst: { partNumber: 1, bytes: first.bytes, crc32: first.crc32 },
        endAtMs: open.startTimeMs + muxer.summary.durationMs,
        lastByteAtMs: context.clock.nowMs(),
        finalizedAtMs: context.clock.nowMs(),
      }),
      this.#retrying,
    );
    await writeFragmentIndex(context, final.part, index);
    await pictured;
    const parts = [await upload.uploadFirstAgain(first), ...sealed.uploaded.slice(1)];
    await completeUpload(context, { target: sealed.target, parts, final }, this.#retrying);
    return final;
  }

  /** Gives memory and disk back. What was uploaded of a record that is not complete is whoever's aborts it. */
  async close(): Promise<void> {
    this.#opened?.pictures?.leave();
    this.#pages.close();
    this.#buffers.close();
    await this.#spool.close();
  }

  async #add(fragment: Fragment): Promise<void> {
    const isFirst = this.#opened === undefined;
    this.#opened ??= await this.#open(fragment);
    const { muxer, upload, pictures } = this.#opened;
    if (!muxer.accepts(fragment)) throw new Error('the encoder has changed its parameters');
    if (isFirst) await upload.append(muxer.head);
    await upload.append(muxer.add(fragment));
    // Nobody takes the bytes of this upload but S3.
    upload.taken(upload.bytes);
    if (upload.mustRoll) throw new Error('the merge is too long for one record');
    const { keyPicture } = this.#media;
    const atMs = muxer.summary.durationMs - (fragment.endMs - fragment.startMs);
    if (keyPicture !== undefined) pictures?.take(keyPicture, atMs);
    if (this.#uploader.isBusy) await upload.flush();
  }

  async #open(first: Fragment): Promise<Opened> {
    const { context, zeroMs } = this.#options;
    const muxer = this.#media.startPart(first, this.#pages);
    const open = await takePart(
      { ...context, attempt: MERGE_ATTEMPT },
      {
        ...{ file: 1, format: MERGE_FORMAT, part: MERGE_PART, startTimeMs: zeroMs },
        openedAtMs: this.#openedAtMs,
        tracks: [...muxer.tracks],
      },
    );
    if (open === undefined) throw new Error('another task writes this record');
    const { key, uploadId } = open;
    const target = { bucket: context.store.bucket, key, uploadId };
    const upload = new PartUpload({
      ...{ uploader: this.#uploader, spool: this.#spool, buffers: this.#buffers },
      target: Promise.resolve(target),
      partBytes: context.job.settings.partBytes,
    });
    const pictures = this.#pictures && new PartPictures(this.#pictures, Promise.resolve(open));
    return { open, muxer, upload, pictures };
  }

  readonly #retrying = <T>(run: () => Promise<T>): Promise<T> => {
    const { context, signal } = this.#options;
    return retrying(run, {
      signal,
      isFinal: uploadIsGone,
      onRetry: (error, tries) =>
        context.log.warn('S3 did not answer; trying again', { tries, error: error as Error }),
    });
  };
}

interface Opened {
  readonly open: OpenPart;
  readonly muxer: PartMuxer;
  readonly upload: PartUpload;
  readonly pictures: PartPictures | undefined;
}
