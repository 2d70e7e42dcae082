import type { Logger } from '@aws-lambda-powertools/logger';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import { hasTask } from '../aws/tasks.ts';
import { recordingsOfLock } from '../core/protocol/lock.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { type ReconcilePorts, type RecordingMend, reconcileRecording } from '../core/protocol/reconcile.ts';
import type { StartPorts } from '../core/protocol/start.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { LOCKS_PREFIX, parseRecordKey, RECORDS_PREFIX } from '../core/state/keys.ts';
import { lockSchema } from '../core/state/objects.ts';
import { readRecording } from '../recordings/read.ts';
import type { Aftermath } from './aftermath.ts';
import { expireFinishedState } from './expiry.ts';
import type { Rescue } from './rescue.ts';

export interface ReconciliationOptions {
  readonly s3: S3Client;
  readonly ecs: ECSClient;
  readonly cluster: string;
  readonly store: StateStore;
  readonly clock: Clock;
  /** With which a recording is started whose former one ended. */
  readonly ports: StartPorts;
  readonly aftermath: Aftermath;
  readonly rescue: Rescue;
  readonly stopTasks: (recordingId: string, reason: string) => Promise<void>;
  /** Moves a finished record to the library. */
  readonly relocate: (key: string, log: Logger) => Promise<void>;
}

/** What was mended, by kind: counted as metrics. */
export interface Mended {
  lockReleased: number;
  stopRepeated: number;
  taskMissed: number;
  uploadCompleted: number;
  recordMoved: number;
  /** Recordings that ended long ago, and whose state is gone now. */
  stateExpired: number;
  /** Could not be mended; the log says why. The next run tries again. */
  failed: number;
}

const MENDED_IN_WORDS: Readonly<Record<RecordingMend, string>> = {
  lockReleased: 'the lock of a recording that has ended was held',
  stopRepeated: 'StopTask again, the recorder did not end after its stop',
  taskMissed: 'a recording had no task',
};
const RECORD_OVERDUE_MS = 10 * 60_000;
const UPLOAD_OVERDUE_MS = 30 * 60_000;
const AT_ONCE = 8;

/**
 * Compares locks, attempts, ECS and S3, and mends what differs: events that were lost, functions that crashed between
 * two steps. Everything it does is what the function that should have done it does, and as safe to repeat.
 */
export class Reconciliation {
  readonly #options: ReconciliationOptions;
  /** Locks known to be released, by ETag: they need not be read again while this environment is warm. */
  readonly #released = new Set<string>();

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  async run(log: Logger): Promise<Mended> {
    const { s3, store, clock } = this.#options;
    const mended: Mended = {
      lockReleased: 0,
      stopRepeated: 0,
      taskMissed: 0,
      uploadCompleted: 0,
      recordMoved: 0,
      stateExpired: 0,
      failed: 0,
    };
    const recordings = await this.#unfinished();
    await this.#each(recordings, mended, log, (recordingId, own) =>
      this.#mendRecording(recordingId, mended, own),
    );
    const uploads = await this.#overdueUploads();
    await this.#each(uploads, mended, log, (upload, own) => this.#mendUpload(upload, mended, own));
    const records = await this.#overdueRecords();
    await this.#each(records, mended, log, async (key, own) => {
      await this.#options.relocate(key, own);
      mended.recordMoved += 1;
    });
    try {
      mended.stateExpired = await expireFinishedState({ s3, store }, clock.nowMs());
    } catch (error) {
      mended.failed += 1;
      log.error('old state could not be removed; the next run tries again', error as Error);
    }
    return mended;
  }

  /** One that fails does not keep the others from being mended. */
  async #each<T>(
    items: readonly T[],
    mended: Mended,
    log: Logger,
    mend: (item: T, log: Logger) => Promise<void>,
  ): Promise<void> {
    for (let at = 0; at < items.length; at += AT_ONCE) {
      await Promise.all(
        items.slice(at, at + AT_ONCE).map(async (item) => {
          const own = log.createChild();
          try {
            await mend(item, own);
          } catch (error) {
            mended.failed += 1;
            own.error('could not be mended; the next run tries again', error as Error);
          }
        }),
      );
    }
  }

  /** Recordings that hold their session's lock, or held it and had not ended when it was taken over. */
  async #unfinished(): Promise<string[]> {
    const { s3, store } = this.#options;
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: store.bucket, Prefix: LOCKS_PREFIX, ContinuationToken: token }),
      );
      const unknown = (page.Contents ?? []).filter(({ ETag }) => !this.#released.has(ETag ?? ''));
      for (let at = 0; at < unknown.length; at += AT_ONCE) {
        const some = unknown.slice(at, at + AT_ONCE).map(({ Key = '' }) => this.#recordingsOf(Key));
        found.push(...(await Promise.all(some)).flat());
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return found;
  }

  async #recordingsOf(key: string): Promise<readonly string[]> {
    const { store } = this.#options;
    const lock = await store.read(key, lockSchema);
    if (lock === undefined) return [];
    const { holder, earlier } = await recordingsOfLock({ store }, key, lock);
    if (holder === undefined && earlier.length === 0) this.#released.add(lock.etag);
    return [...(holder === undefined ? [] : [holder]), ...earlier];
  }

  async #mendRecording(recordingId: string, mended: Mended, log: Logger): Promise<void> {
    const { store } = this.#options;
    log.appendKeys({ recordingId });
    const objects = await readRecording(store, recordingId);
    if (objects === undefined) return;
    log.appendKeys({ mediaSessionId: objects.job.mediaSessionId });
    const mend = await reconcileRecording(this.#ports(objects, log), objects);
    if (mend === undefined) return;
    mended[mend] += 1;
    log.warn(`mended: ${MENDED_IN_WORDS[mend]}`);
  }

  #ports(objects: RecordingObjects, log: Logger): ReconcilePorts {
    const { ports, stopTasks, aftermath, ecs, cluster } = this.#options;
    return {
      ...ports,
      stopTasks,
      hasTask: () => hasTask(ecs, cluster, objects),
      announceMissing: (ended) => aftermath.announceMissing(ended),
      settle: async ({ job }, gone) => {
        await aftermath.of({ ...gone, recordingId: job.recordingId }, log);
      },
    };
  }

  /** Uploads of recorders that were begun a while ago. */
  async #overdueUploads(): Promise<{ readonly key: string; readonly uploadId: string }[]> {
    const { s3, store, clock } = this.#options;
    const answer = await s3.send(
      new ListMultipartUploadsCommand({ Bucket: store.bucket, Prefix: RECORDS_PREFIX }),
    );
    return (answer.Uploads ?? [])
      .filter(({ Initiated }) => clock.nowMs() - (Initiated?.getTime() ?? 0) >= UPLOAD_OVERDUE_MS)
      .map(({ Key = '', UploadId = '' }) => ({ key: Key, uploadId: UploadId }));
  }

  /** Completes an upload whose recording has ended: a rescue that did not come to its end. */
  async #mendUpload(
    upload: { readonly key: string; readonly uploadId: string },
    mended: Mended,
    log: Logger,
  ): Promise<void> {
    const { store, rescue, clock } = this.#options;
    const place = parseRecordKey(upload.key);
    if (place === undefined) return;
    log.appendKeys({ recordingId: place.recordingId });
    const objects = await readRecording(store, place.recordingId);
    if (objects?.outcome === undefined) return;
    const part = [...objects.parts.values()].find(({ open }) => open?.uploadId === upload.uploadId);
    if (part?.open === undefined) return;
    const { open } = part;
    const progress = objects.attempts.get(open.attempt)?.progress;
    const endedAtMs = objects.attempts.get(open.attempt)?.end?.endedAtMs ?? clock.nowMs();
    await rescue.rescue({ recordingId: place.recordingId, open, progress, endedAtMs }, log);
    mended.uploadCompleted += 1;
    log.warn('mended: an upload of an ended recording was open', { part: open.part });
  }

  /** Finished records that nobody moved. */
  async #overdueRecords(): Promise<string[]> {
    const { s3, store, clock } = this.#options;
    const answer = await s3.send(new ListObjectsV2Command({ Bucket: store.bucket, Prefix: RECORDS_PREFIX }));
    return (answer.Contents ?? [])
      .filter(({ LastModified }) => clock.nowMs() - (LastModified?.getTime() ?? 0) >= RECORD_OVERDUE_MS)
      .map(({ Key = '' }) => Key);
  }
}
