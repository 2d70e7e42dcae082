import type { Logger } from '@aws-lambda-powertools/logger';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { S3Client } from '@aws-sdk/client-s3';
import type { MessageQueue } from '../aws/queues.ts';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { hasTask } from '../aws/tasks.ts';
import { forgetActive } from '../core/protocol/active.ts';
import type { Clock } from '../core/protocol/ports.ts';
import {
  mayNeedMending,
  type ReconcilePorts,
  type RecordingMend,
  reconcileRecording,
} from '../core/protocol/reconcile.ts';
import type { StartPorts } from '../core/protocol/start.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { isRecordingId, recordingIdTimeMs } from '../core/state/ids.ts';
import {
  ACTIVE_PREFIX,
  activeKey,
  lockKey,
  outcomeKey,
  parseRecordKey,
  RECORDS_PREFIX,
} from '../core/state/keys.ts';
import { type Job, lockSchema, outcomeSchema } from '../core/state/objects.ts';
import { readLife, readRecording } from '../recordings/read.ts';
import type { Aftermath } from './aftermath.ts';
import { inBatches } from './batches.ts';
import { type MakeClip, mendClips } from './clips.ts';
import { expireFinishedState, expireMerges } from './expiry.ts';
import { forgetHosts } from './hostExpiry.ts';
import { sweepJournals } from './journalRemoval.ts';
import { forgetEndedStreams, markEarlierStreams } from './listed.ts';
import { markEarlierRecordings } from './marked.ts';
import { mendMerges } from './merges.ts';
import { type OpenUpload, overdueUploads } from './overdue.ts';
import type { Rescue } from './rescue.ts';
import { retireOldHosts } from './retiredHosts.ts';
import { sweepState } from './sweep.ts';
import { Walk } from './walk.ts';
import { forgetEndedFiles } from './writing.ts';

export interface ReconciliationOptions {
  readonly s3: S3Client;
  readonly ecs: ECSClient;
  readonly cluster: string;
  /** The name of the hosts' service, or that there is none. */
  readonly hostsService: string;
  readonly store: StateStore;
  readonly clock: Clock;
  /** With which a recording is started whose former one ended. */
  readonly ports: StartPorts;
  readonly aftermath: Aftermath;
  readonly rescue: Rescue;
  readonly stopTasks: (recordingId: string, reason: string) => Promise<void>;
  /** Makes a clip that was asked for. */
  readonly makeClip: MakeClip;
  /** Where merges are asked for. */
  readonly clipsQueue: Pick<MessageQueue, 'send'>;
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
  /** Clips that were asked for and not made. */
  clipMade: number;
  /** Merges that nobody looked at any more, and that were asked for again. */
  mergeAsked: number;
  /** Recordings of a version without markers that were found by their locks. */
  recordingMarked: number;
  /** Hosts of an earlier deployment that were told to end. */
  hostRetired: number;
  /** Recordings that ended long ago, and whose state is gone now. */
  stateExpired: number;
  /** Sessions, locks, reservations, idempotency keys, and objects of journals and hosts, that nobody needed any more. */
  stateSwept: number;
  /** Could not be mended; the log says why. The next run tries again. */
  failed: number;
}

const MENDED_IN_WORDS: Readonly<Record<RecordingMend, string>> = {
  lockReleased: 'the lock of a recording that has ended was held',
  stopRepeated: 'StopTask again, the recorder did not end after its stop',
  taskMissed: 'a recording had no task',
};
const RECORD_OVERDUE_MS = 10 * 60_000;
/** A start that crashed before its job was written leaves a marker, and no more. */
const JOBLESS_MS = 10 * 60_000;
const LOOKED_AT_ONCE = 32;
const MENDED_AT_ONCE = 8;

/**
 * Compares what is alive, by its markers, with attempts, ECS and S3, and mends what differs: events that were lost,
 * functions that crashed between two steps. Everything it does is what the function that should have done it does, and as
 * safe to repeat. What ended is never read; what does not fit into the time of one run is looked at by the next.
 */
export class Reconciliation {
  readonly #options: ReconciliationOptions;

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /** @param hasTime asked before each page: whether another one may be looked at */
  async run(log: Logger, hasTime: () => boolean = () => true): Promise<Mended> {
    const { s3, store, clock } = this.#options;
    const mended: Mended = {
      lockReleased: 0,
      stopRepeated: 0,
      taskMissed: 0,
      uploadCompleted: 0,
      recordMoved: 0,
      clipMade: 0,
      mergeAsked: 0,
      recordingMarked: 0,
      hostRetired: 0,
      stateExpired: 0,
      stateSwept: 0,
      failed: 0,
    };
    const walk = await Walk.resume(store, hasTime);
    const onFault = (error: unknown, { key }: ListedObject): void => {
      const own = log.createChild();
      own.appendKeys({ key });
      this.#failed(error, mended, own);
    };
    const stages: readonly (() => Promise<void>)[] = [
      async () => {
        mended.recordingMarked = await markEarlierRecordings(store, walk, clock.nowMs(), onFault);
      },
      () => this.#mendRecordings(walk, mended, log),
      () => this.#mendUploads(walk, mended, log),
      () => this.#moveRecords(walk, mended, log),
      async () => {
        mended.clipMade = await mendClips(this.#options, walk, log, onFault);
      },
      async () => {
        mended.mergeAsked = await mendMerges(this.#options, walk, onFault);
      },
      async () => {
        mended.hostRetired = await retireOldHosts(this.#options, walk, clock.nowMs(), onFault);
      },
      () => markEarlierStreams(store, walk, clock.nowMs(), onFault),
      () => forgetEndedStreams(store, walk, clock.nowMs(), onFault),
      () => forgetEndedFiles(store, walk),
      async () => {
        mended.stateExpired = await expireFinishedState({ s3, store }, clock.nowMs());
        mended.stateExpired += await expireMerges({ s3, store }, clock.nowMs());
      },
      async () => {
        mended.stateSwept = await sweepState(store, walk, clock.nowMs(), onFault);
      },
      async () => {
        mended.stateSwept += await sweepJournals({ s3, store }, walk, clock.nowMs(), log);
      },
      async () => {
        mended.stateSwept += await forgetHosts({ s3, store }, walk, clock.nowMs(), onFault);
      },
    ];
    // One that fails does not keep the others from being tried.
    for (const stage of stages) {
      if (!hasTime()) break;
      await stage().catch((error: unknown) => this.#failed(error, mended, log));
    }
    await walk.pause();
    return mended;
  }

  /** One that fails does not keep the others from being mended. */
  async #mendEach<T>(
    items: readonly T[],
    mended: Mended,
    log: Logger,
    mend: (item: T, log: Logger) => Promise<void>,
  ): Promise<void> {
    const logs = new Map(items.map((item) => [item, log.createChild()]));
    await inBatches(
      items,
      MENDED_AT_ONCE,
      (item) => mend(item, logs.get(item) ?? log),
      (error, item) => this.#failed(error, mended, logs.get(item) ?? log),
    );
  }

  #failed(error: unknown, mended: Mended, log: Logger): void {
    mended.failed += 1;
    log.error('could not be mended; the next run tries again', error as Error);
  }

  /** Looks at every recording that goes on; those of which nothing was heard are looked at closely. */
  async #mendRecordings(walk: Walk, mended: Mended, log: Logger): Promise<void> {
    await walk.through('active', ACTIVE_PREFIX, async (entries) => {
      const ids = entries.map(({ key }) => key.slice(ACTIVE_PREFIX.length)).filter(isRecordingId);
      const suspects: string[] = [];
      await inBatches(
        ids,
        LOOKED_AT_ONCE,
        async (id) => {
          if (await this.#isSuspect(id)) suspects.push(id);
        },
        // Whoever looks at it closely says what is wrong.
        (_error, id) => suspects.push(id),
      );
      await this.#mendEach(suspects, mended, log, (id, own) => this.#mendRecording(id, mended, own));
    });
  }

  async #isSuspect(recordingId: string): Promise<boolean> {
    const { store, clock } = this.#options;
    const life = await readLife(store, recordingId);
    if (life !== undefined) return mayNeedMending(life, clock.nowMs());
    // Deleted, or never begun.
    if (clock.nowMs() - recordingIdTimeMs(recordingId) >= JOBLESS_MS)
      await store.remove(activeKey(recordingId));
    return false;
  }

  async #mendRecording(recordingId: string, mended: Mended, log: Logger): Promise<void> {
    const { store, aftermath } = this.#options;
    log.appendKeys({ recordingId });
    const objects = await readRecording(store, recordingId);
    if (objects === undefined) return;
    const { job, outcome } = objects;
    log.appendKeys({ mediaSessionId: job.mediaSessionId });
    if (outcome !== undefined && !(await this.#holdsLock(job))) {
      // It ended well; what it leaves is its marker, and perhaps what was not announced.
      await aftermath.announceMissing(objects);
      await forgetActive(store, job);
      return;
    }
    const mend = await reconcileRecording(this.#ports(objects, log), objects);
    if (mend === undefined) return;
    if (mend === 'lockReleased') await forgetActive(store, job);
    mended[mend] += 1;
    log.warn(`mended: ${MENDED_IN_WORDS[mend]}`);
  }

  async #holdsLock({
    recordingId,
    mediaSessionId,
  }: Pick<Job, 'recordingId' | 'mediaSessionId'>): Promise<boolean> {
    const lock = await this.#options.store.read(lockKey(mediaSessionId), lockSchema);
    return lock?.value.recordingId === recordingId && lock.value.releasedAtMs === undefined;
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

  async #mendUploads(walk: Walk, mended: Mended, log: Logger): Promise<void> {
    const { s3, store, clock } = this.#options;
    for await (const uploads of overdueUploads(s3, store.bucket, clock.nowMs())) {
      await this.#mendEach(uploads, mended, log, (upload, own) => this.#mendUpload(upload, mended, own));
      if (!walk.hasTime) return;
    }
  }

  /** Completes an upload whose recording has ended: a rescue that did not come to its end. */
  async #mendUpload(upload: OpenUpload, mended: Mended, log: Logger): Promise<void> {
    const { store, rescue, clock } = this.#options;
    const place = parseRecordKey(upload.key);
    if (place === undefined) return;
    const { recordingId } = place;
    log.appendKeys({ recordingId });
    if ((await store.read(outcomeKey(recordingId), outcomeSchema)) === undefined) return;
    const objects = await readRecording(store, recordingId);
    const part = [...(objects?.parts.values() ?? [])].find(({ open }) => open?.uploadId === upload.uploadId);
    if (objects === undefined || part?.open === undefined) return;
    const { open } = part;
    const { claim, progress, end } = objects.attempts.get(open.attempt) ?? {};
    const endedAtMs = end?.endedAtMs ?? clock.nowMs();
    await rescue.rescue({ recordingId, open, journal: claim?.journal, progress, endedAtMs }, log);
    mended.uploadCompleted += 1;
    log.warn('mended: an upload of an ended recording was open', { part: open.part });
  }

  /** Moves finished records that nobody moved. */
  async #moveRecords(walk: Walk, mended: Mended, log: Logger): Promise<void> {
    const { clock, relocate } = this.#options;
    await walk.through('records', RECORDS_PREFIX, async (entries) => {
      const overdue = entries.filter(({ modifiedAtMs }) => clock.nowMs() - modifiedAtMs >= RECORD_OVERDUE_MS);
      await this.#mendEach(overdue, mended, log, async ({ key }, own) => {
        await relocate(key, own);
        mended.recordMoved += 1;
      });
    });
  }
}
