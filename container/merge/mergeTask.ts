import type { Logger } from '@aws-lambda-powertools/logger';
import { AbortMultipartUploadCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { isStatus, type StateStore, uploadIsGone } from '../../functions/aws/stateStore.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import {
  keptPlanSchema,
  type MergeFailure,
  type MergeJob,
  type MergeLeftOut,
  type MergePicture,
  type MergePiece,
  type MergePlan,
  type MergeReason,
  mergeJobSchema,
} from '../../functions/core/rooms/merge.ts';
import { mergeKey } from '../../functions/core/rooms/mergeKeys.ts';
import { MERGE_PART } from '../../functions/core/rooms/mergeResult.ts';
import { jobKey, partKey } from '../../functions/core/state/keys.ts';
import { type Job, jobSchema } from '../../functions/core/state/objects.ts';
import { finalPartSchema, openPartSchema } from '../../functions/core/state/partObjects.ts';
import type { PictureMaking } from '../pictures/pictureMaker.ts';
import { ComposerError, Composition, compositionOutputs, RecordGoneError } from './composition.ts';
import { MergedRecord } from './mergedRecord.ts';
import { CanceledError, MergeWatch } from './mergeWatch.ts';
import { PieceServer } from './pieceServer.ts';

export interface MergeTaskOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly pictures: PictureMaking;
  readonly clock: Clock;
  readonly log: Logger;
  readonly mergeId: string;
  readonly ffmpegPath: string;
  readonly fontPath: string | undefined;
  readonly spoolFolder: string;
  /** The task is taken away: it may be begun again. */
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

interface Work {
  readonly job: MergeJob;
  readonly plan: MergePlan;
  /** Of the recording that comes of it. */
  readonly result: Job;
}

/** What this task writes. */
interface Taken {
  record?: MergedRecord;
}

/**
 * Composes one merge: grid or sound alone. Makes the whole file anew each time it is begun; a result that is there already
 * is left as it is. Whatever ends it early, nothing of its upload stays open.
 * @returns the task's exit code: 0 where another try would change nothing
 */
export async function composeMerge(options: MergeTaskOptions): Promise<number> {
  const { store, log, mergeId, signal } = options;
  const work = await readWork(options);
  if (work === undefined) {
    log.error('there is nothing to merge', { mergeId });
    return 1;
  }
  if (await isWhole(options)) return 0;
  // What a task left that was taken away.
  await abortOpen(options);
  const taken: Taken = {};
  try {
    await compose(options, work, taken);
    log.info('the merge is made', { mergeId });
    return 0;
  } catch (error) {
    const uploadId = taken.record?.uploadId;
    if (uploadId !== undefined) await abortOpen(options, uploadId);
    if (error instanceof CanceledError) {
      log.info('the merge was canceled', { mergeId });
      return 0;
    }
    const reason = reasonOf(error);
    if (reason === undefined || signal.aborted) {
      log.error('the merge ended early; it can be begun again', { mergeId, error: error as Error });
      return 1;
    }
    log.error('the merge cannot be made', { mergeId, reason });
    const failure: MergeFailure = { atMs: options.clock.nowMs(), reason };
    await store.create(mergeKey(mergeId, 'failure'), failure);
    return 0;
  }
}

async function readWork({ store, mergeId }: MergeTaskOptions): Promise<Work | undefined> {
  const [job, plan, result] = await Promise.all([
    store.read(mergeKey(mergeId, 'job'), mergeJobSchema),
    store.read(mergeKey(mergeId, 'plan'), keptPlanSchema),
    store.read(jobKey(mergeId), jobSchema),
  ]);
  if (job === undefined || plan === undefined || result === undefined) return undefined;
  return { job: job.value, plan: plan.value, result: result.value };
}

/** Whether its file is complete: in landing, or in the library already. That it was about to be says nothing. */
async function isWhole({ s3, store, mergeId }: MergeTaskOptions): Promise<boolean> {
  const final = await store.read(partKey(mergeId, MERGE_PART, 'final'), finalPartSchema);
  if (final === undefined) return false;
  try {
    await s3.send(new HeadObjectCommand({ Bucket: store.bucket, Key: final.value.key }));
    return true;
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
  // Relocate notes where it is before it takes it away.
  return (await store.etag(partKey(mergeId, MERGE_PART, 'moved'))) !== undefined;
}

/**
 * Aborts an upload that is not complete, and forgets it. One that is complete is a result, and stays.
 * @param own this one alone: another task may have begun
 */
async function abortOpen(options: MergeTaskOptions, own?: string): Promise<void> {
  const { s3, store, mergeId } = options;
  const key = partKey(mergeId, MERGE_PART, 'open');
  const open = await store.read(key, openPartSchema);
  if (open === undefined || (own !== undefined && open.value.uploadId !== own)) return;
  const { key: Key, uploadId: UploadId } = open.value;
  try {
    await s3.send(new AbortMultipartUploadCommand({ Bucket: store.bucket, Key, UploadId }));
  } catch (error) {
    if (!uploadIsGone(error)) throw error;
    if (await isWhole(options)) return;
  }
  await store.remove(partKey(mergeId, MERGE_PART, 'final'));
  await store.remove(key, open.etag);
}

async function compose(options: MergeTaskOptions, { job, plan, result }: Work, taken: Taken): Promise<void> {
  const { s3, store, pictures, clock, log, ffmpegPath, fontPath, spoolFolder } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const watch = new MergeWatch(options, (error) => ending.abort(error));
  const picture = pictureOf(job);
  const pieces = await PieceServer.start({ s3, log, signal });
  const record = await MergedRecord.open({
    context: { s3, store, pictures, clock, log, job: result },
    ...{ outputs: compositionOutputs(picture), zeroMs: plan.zeroMs, spoolFolder, signal },
  });
  taken.record = record;
  try {
    await watch.begin();
    await new Composition({
      ...{ plan, picture, ffmpegPath, fontPath, pieces, record, log, signal },
      onProgress: (share) => watch.progress(share),
      onUnreadable: (found) => watch.leaveOut(found.map((piece) => unreadable(plan, piece))),
    }).run();
    signal.throwIfAborted();
    await record.finish();
  } finally {
    await Promise.all([watch.end(), pieces.close(), record.close()]);
  }
}

function pictureOf({ layout, picture }: MergeJob): MergePicture | undefined {
  if (layout !== 'grid') return undefined;
  if (picture === undefined) throw new Error('a grid without a size');
  return picture;
}

function unreadable({ participants }: MergePlan, piece: MergePiece): MergeLeftOut {
  const { recordingId, part } = piece;
  const streamName = participants.find(({ pieces }) => pieces.includes(piece))?.name ?? '';
  return { recordingId, streamName, part, reason: 'unreadable' };
}

function reasonOf(error: unknown): MergeReason | undefined {
  if (error instanceof RecordGoneError) return { code: 'record_gone', message: error.message };
  if (error instanceof ComposerError) return { code: 'composer_failed', message: error.message };
  return undefined;
}
