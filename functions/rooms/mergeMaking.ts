import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { EventBus } from '../aws/eventBus.ts';
import { abortUpload } from '../aws/multipartUpload.ts';
import { isRefusal } from '../aws/refusals.ts';
import { removeObjects } from '../aws/removeObjects.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { REFUSED_MS } from '../core/clips/clip.ts';
import type { Clock } from '../core/protocol/ports.ts';
import {
  type KeptPlan,
  type MergeObjects,
  type MergeOutcome,
  type MergeReason,
  mergeFailureSchema,
  mergeRefusedSchema,
} from '../core/rooms/merge.ts';
import { mergeKey, mergeMarkerKey } from '../core/rooms/mergeKeys.ts';
import { MERGE_PART, resultJob } from '../core/rooms/mergeResult.ts';
import type { PartObjects } from '../core/state/fold.ts';
import { indexKey, jobKey, outcomeKey, recordingPrefix } from '../core/state/keys.ts';
import { readRecording } from '../recordings/read.ts';
import { headObject } from '../relocation/landedRecord.ts';
import { CannotMerge } from './cannotMerge.ts';
import { announceMerge } from './mergeAnnouncing.ts';
import { mergeablePieces } from './mergeablePieces.ts';
import { type Composer, composed } from './mergeComposing.ts';
import { planOfRoom, rangeOf, refusalOf } from './mergePlanning.ts';
import { readMerge } from './mergeReading.ts';
import { makeTracks } from './tracksMaking.ts';

export interface MergeMakingOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Of what needs an ffmpeg. */
  readonly composer: Composer;
}

/** What became of a merge in one call: settled, or when it is to be looked at again. */
export type MergeStep = 'settled' | { readonly againMs: number };

/** What it is made of goes on, or is on its way to the library. */
const ROOM_AGAIN_MS = 15_000;
/** Relocate has it. */
const MOVE_AGAIN_MS = 2_000;

/**
 * Brings merges on, step by step: state says where each is, and every step is safe to repeat by whoever comes next.
 * docs/decisions/room-merge.md.
 */
export class MergeMaking {
  readonly #options: MergeMakingOptions;

  constructor(options: MergeMakingOptions) {
    this.#options = options;
  }

  /** @throws OutOfTime the next call goes on; whatever should make the message come again */
  async make(mergeId: string, log: Logger, hasTime: () => boolean = () => true): Promise<MergeStep> {
    const { store } = this.#options;
    log.appendKeys({ mergeId });
    for (;;) {
      const merge = await readMerge(store, mergeId);
      if (merge === undefined) {
        log.info('nothing to do: there is no such merge');
        await store.remove(mergeMarkerKey(mergeId));
        return 'settled';
      }
      if (merge.outcome !== undefined) return this.#settled(merge, log);
      const step = await this.#step(merge, log, hasTime).catch(async (error: unknown) => {
        const reason =
          error instanceof CannotMerge ? error.reason : await this.#refusedForGood(mergeId, error);
        if (reason === undefined) throw error;
        return this.#fail(merge, reason);
      });
      if (step === undefined) continue;
      // Reconcile sees by the marker's age that somebody looks at it.
      await store.overwrite(mergeMarkerKey(mergeId), { mergeId });
      return step;
    }
  }

  /** One step on. @returns undefined where the next one can follow at once */
  async #step(
    merge: MergeObjects,
    log: Logger,
    hasTime: () => boolean,
  ): Promise<Exclude<MergeStep, 'settled'> | undefined> {
    const { store } = this.#options;
    const { job, plan, cancel } = merge;
    const part = (await readRecording(store, job.mergeId))?.parts.get(MERGE_PART);
    if (part?.moved !== undefined) return this.#available(merge);
    if (await this.#isComplete(part)) return { againMs: MOVE_AGAIN_MS };
    if (cancel !== undefined) return this.#cancel(merge, part);
    if (plan === undefined) return this.#plan(merge, log);
    await store.create(jobKey(job.mergeId), resultJob(job, plan));
    return this.#make(merge, plan, part, hasTime);
  }

  /** The layout's own way. */
  async #make(
    { job }: MergeObjects,
    plan: KeptPlan,
    part: PartObjects | undefined,
    hasTime: () => boolean,
  ): Promise<Exclude<MergeStep, 'settled'> | undefined> {
    const { store, composer, clock } = this.#options;
    if (job.layout === 'tracks') {
      await makeTracks(this.#options, job, plan, part, hasTime);
      return undefined;
    }
    const failure = await store.read(mergeKey(job.mergeId, 'failure'), mergeFailureSchema);
    if (failure !== undefined) throw new CannotMerge(failure.value.reason);
    return composed({ store, composer, clock }, job.mergeId);
  }

  /** Its file is whole, and on its way to the library: from here on it cannot be given up. */
  async #isComplete(part: PartObjects | undefined): Promise<boolean> {
    if (part?.open === undefined || part.final === undefined) return false;
    const { s3, store } = this.#options;
    return (await headObject(s3, store.bucket, part.open.key)) !== undefined;
  }

  async #plan({ job }: MergeObjects, log: Logger): Promise<Exclude<MergeStep, 'settled'> | undefined> {
    const { store, clock } = this.#options;
    const nowMs = clock.nowMs();
    const planned = await planOfRoom(store, job.room, rangeOf(job));
    const mayCome = planned.pending.length > 0 || (job.toMs ?? 0) > nowMs;
    if (job.running === 'wait' && mayCome) return { againMs: ROOM_AGAIN_MS };
    const refusal = refusalOf(planned);
    if (refusal !== undefined) throw new CannotMerge({ code: 'too_large', message: refusal });
    const plan = await mergeablePieces(this.#options, job.layout, planned.plan);
    if (plan === undefined)
      throw new CannotMerge({ code: 'nothing_shown', message: 'Nothing of it was saved.' });
    await store.create(mergeKey(job.mergeId, 'plan'), { ...plan, plannedAtMs: nowMs });
    log.info('merge planned', {
      participants: plan.participants.length,
      durationMs: plan.durationMs,
      leftOut: plan.leftOut,
    });
    return undefined;
  }

  /** It is a recording now, and in every list. */
  async #available({ job }: MergeObjects): Promise<undefined> {
    const { store, clock } = this.#options;
    const { mergeId } = job;
    const atMs = clock.nowMs();
    await store.create(outcomeKey(mergeId), {
      status: 'finished',
      reason: { code: 'source_ended', message: `It was made of the recordings of the room ${job.room}.` },
      parts: 1,
      atMs,
    });
    await store.create(indexKey(mergeId), { recordingId: mergeId });
    await this.#note(mergeId, { status: 'available', atMs });
  }

  /** @returns why, where S3 has refused it for long enough; undefined where it is to be tried again */
  async #refusedForGood(mergeId: string, error: unknown): Promise<MergeReason | undefined> {
    const { store, clock } = this.#options;
    if (!isRefusal(error)) return undefined;
    const key = mergeKey(mergeId, 'refused');
    await store.create(key, { sinceMs: clock.nowMs() });
    const { sinceMs } = (await store.read(key, mergeRefusedSchema))?.value ?? { sinceMs: clock.nowMs() };
    if (clock.nowMs() - sinceMs < REFUSED_MS) return undefined;
    const message = `For an hour S3 has refused to read a record of the room (${error.name}).`;
    return { code: 'storage_refused', message };
  }

  async #fail({ job }: MergeObjects, reason: MergeReason): Promise<undefined> {
    await this.#remove(job.mergeId);
    await this.#note(job.mergeId, { status: 'failed', atMs: this.#options.clock.nowMs(), reason });
  }

  async #cancel(
    { job }: MergeObjects,
    part: PartObjects | undefined,
  ): Promise<Exclude<MergeStep, 'settled'> | undefined> {
    const { composer, clock } = this.#options;
    if (job.layout !== 'tracks') {
      await composer.stop(job.mergeId);
      if (await composer.isAtWork(job.mergeId)) return { againMs: MOVE_AGAIN_MS };
    }
    await this.#remove(job.mergeId, part);
    await this.#note(job.mergeId, { status: 'canceled', atMs: clock.nowMs() });
    return undefined;
  }

  /** What was made of its file, and that it was to become a recording. The job goes first: nobody begins anew without it. */
  async #remove(mergeId: string, part?: PartObjects): Promise<void> {
    const { s3, store } = this.#options;
    const open = part?.open ?? (await readRecording(store, mergeId))?.parts.get(MERGE_PART)?.open;
    if (open !== undefined) await abortUpload(s3, { bucket: store.bucket, ...open });
    await removeObjects(s3, store.bucket, await store.list(recordingPrefix(mergeId)));
  }

  async #note(mergeId: string, outcome: MergeOutcome): Promise<undefined> {
    await this.#options.store.create(mergeKey(mergeId, 'outcome'), outcome);
  }

  /** The marker goes when everybody knows. */
  async #settled(merge: MergeObjects, log: Logger): Promise<'settled'> {
    const { store, bus } = this.#options;
    const { mergeId } = merge.job;
    // Whoever worked on it when it was given up may have left something.
    if (merge.outcome?.status !== 'available') await this.#remove(mergeId);
    await announceMerge(bus, merge, await readRecording(store, mergeId));
    await store.remove(mergeMarkerKey(mergeId));
    log.info('merge settled', { ...merge.outcome });
    return 'settled';
  }
}
