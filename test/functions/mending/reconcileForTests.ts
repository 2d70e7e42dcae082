import { Logger } from '@aws-lambda-powertools/logger';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach } from 'vitest';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { markActive } from '../../../functions/core/protocol/active.ts';
import { NO_HOSTS } from '../../../functions/core/protocol/asks.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import {
  ACTIVE_MARKED_KEY,
  attemptKey,
  indexKey,
  LISTED_MARKED_KEY,
  lockKey,
} from '../../../functions/core/state/keys.ts';
import { type Job, lockSchema, type Outcome } from '../../../functions/core/state/objects.ts';
import { Aftermath } from '../../../functions/mending/aftermath.ts';
import { Reconciliation } from '../../../functions/mending/reconciliation.ts';
import { Rescue } from '../../../functions/mending/rescue.ts';
import { LANDING } from '../../../infra/local/place.ts';
import { RecorderBench } from '../../support/recorderBench.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
export const ENDED: Outcome = {
  status: 'finished',
  reason: { code: 'stopped', message: 'm' },
  parts: 0,
  atMs: 1,
};
const log = new Logger({ logLevel: 'SILENT' });

/** State as functions and recorders leave it, a clock to turn, and what reconcile asks of others. */
export class ReconcileBench {
  bench: RecorderBench = new RecorderBench();
  nowMs = 0;
  /** Recordings that ECS has a task for. */
  readonly withTask = new Set<string>();
  /** ECS was asked for these. */
  readonly asked: string[] = [];
  readonly stopped: string[] = [];
  readonly launched: string[] = [];
  readonly moved: string[] = [];
  readonly madeClips: string[] = [];
  readonly sent: object[] = [];
  #reconcile: { readonly s3: S3Client; readonly store: StateStore } | undefined;

  /** With the rights of the function. */
  get reconcile(): { readonly s3: S3Client; readonly store: StateStore } {
    if (this.#reconcile === undefined) throw new Error('the bench is not started');
    return this.#reconcile;
  }

  readonly clock = { nowMs: () => this.nowMs };

  async start(): Promise<void> {
    this.bench = new RecorderBench();
    await this.bench.start();
    const s3 = this.bench.rescuer('reconcile');
    this.#reconcile = { s3, store: new StateStore(s3, LANDING) };
    for (const key of [ACTIVE_MARKED_KEY, LISTED_MARKED_KEY]) await this.bench.store.create(key, { atMs: 1 });
    this.nowMs = Date.now();
    this.withTask.clear();
    for (const one of [this.asked, this.stopped, this.launched, this.moved, this.madeClips, this.sent])
      one.length = 0;
  }

  readonly run = (hasTime?: () => boolean) => this.#reconciliation().run(log, hasTime);

  #reconciliation(): Reconciliation {
    const { clock } = this;
    const { s3, store } = this.reconcile;
    const rescue = new Rescue({ s3, store, clock });
    const stopTasks = async (recordingId: string): Promise<void> => void this.stopped.push(recordingId);
    const run = async (recordingId: string, attempt: number): Promise<void> =>
      void this.launched.push(`${recordingId}-${attempt}`);
    const ports = {
      ...{ store, clock, tasks: { run }, stopTasks, sleep: async () => undefined },
      newRecordingId: () => newRecordingId(this.nowMs, Buffer.alloc(16, 9)),
    };
    const ecs = {
      send: async ({ input }: { readonly input: { readonly startedBy: string } }) => {
        this.asked.push(input.startedBy);
        return { taskArns: this.withTask.has(input.startedBy) ? ['task/1'] : [] };
      },
    } as unknown as ECSClient;
    return new Reconciliation({
      hostsService: NO_HOSTS,
      ...{ s3, ecs, store, clock, rescue, ports, stopTasks, cluster: 'cluster' },
      aftermath: new Aftermath({ s3, store, rescue, bus: this.bench.bus('reconcile'), ports }),
      makeClip: async ({ clipId }) => {
        this.madeClips.push(clipId);
        return 'settled';
      },
      clipsQueue: { send: async (message) => void this.sent.push(message) },
      relocate: async (key) => void this.moved.push(key),
    });
  }

  /** As start leaves it. */
  async begin(): Promise<Job> {
    const { bench } = this;
    const recordingId = await bench.createJob('rtmp://media.example/live/key');
    const { job } = await bench.objects(recordingId);
    await markActive(bench.store, job);
    await bench.store.create(lockKey(job.mediaSessionId), { recordingId, acquiredAtMs: this.nowMs });
    await bench.store.create(indexKey(recordingId), { recordingId });
    return job;
  }

  async claim({ recordingId }: Job): Promise<void> {
    await this.bench.store.create(attemptKey(recordingId, 1, 'claim'), {
      attempt: 1,
      claimedAtMs: this.nowMs,
      taskArn: 'task/1',
    });
  }

  beat({ recordingId }: Job, atMs: number): Promise<void> {
    return this.bench.store.overwrite(attemptKey(recordingId, 1, 'progress'), {
      ...{ attempt: 1, atMs, part: 1, bytes: 1, uploadedBytes: 0, durationMs: 1 },
      ...{ bitrateBps: 1, fps: 1, tailAgeMs: 1, spoolBytes: 0 },
    });
  }

  readonly isThere = async (key: string): Promise<boolean> =>
    (await this.bench.store.list(key)).includes(key);

  async lockOf({ mediaSessionId }: Job) {
    return (await this.bench.store.read(lockKey(mediaSessionId), lockSchema))?.value;
  }
}

/** One that is new for each test of the file. */
export function reconcileForTests(): ReconcileBench {
  const on = new ReconcileBench();
  beforeEach(() => on.start());
  afterEach(() => on.bench.close());
  return on;
}
