import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { EventBus } from '../aws/eventBus.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { forgetActive } from '../core/protocol/active.ts';
import { type Settled, type SettlePorts, settleAttempt } from '../core/protocol/settle.ts';
import { forgetWriting } from '../core/protocol/writing.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { announceMissing } from '../recordings/announcements.ts';
import { readRecording } from '../recordings/read.ts';
import { removeSettled } from './journalRemoval.ts';
import type { Journals } from './journals.ts';
import type { Rescue } from './rescue.ts';
import { untilLaterRecords } from './successor.ts';

export interface AftermathOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly rescue: Rescue;
  readonly bus: EventBus;
  readonly ports: Omit<SettlePorts, 'rescue'>;
}

export interface GoneTask {
  readonly recordingId: string;
  readonly attempt: number;
  /** Undefined where no task of the recording is left. */
  readonly taskArn?: string | undefined;
  readonly reason: string;
  readonly by: string;
  readonly endedAtMs: number;
  readonly died?: boolean;
  readonly isFinal?: boolean;
  readonly unclaimedOnly?: boolean;
  /** It may record on until its file is completed. */
  readonly mayLive?: boolean;
}

/** What is done when the task of an attempt is gone, whoever finds out: the recording is settled, its parts rescued. */
export class Aftermath {
  readonly #options: AftermathOptions;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** For attempts that are settled side by side, since their process died: what it wrote is read once for all of them. */
  sharedJournals(): Journals {
    return this.#options.rescue.journals(true);
  }

  /**
   * @param shared whoever settles others beside it removes what nobody needs of them
   * @returns undefined where there is no such recording
   */
  async of(task: GoneTask, log: Logger, shared?: Journals): Promise<Settled | undefined> {
    const journals = shared ?? this.#options.rescue.journals(false);
    const settled = await this.#settle(task, log, journals);
    if (shared === undefined) await this.removeJournals(journals, log);
    return settled;
  }

  /** What nobody needs of them. What it leaves is for reconcile, and no fault of what was settled. */
  async removeJournals(journals: Journals, log: Logger): Promise<void> {
    try {
      const nowMs = this.#options.ports.clock.nowMs();
      const removed = await removeSettled(this.#options, journals, nowMs, log);
      if (removed > 0) log.info('what a dead worker left in its journal is not needed any more', { removed });
    } catch (error) {
      log.warn('the journal of a dead worker was left behind', error as Error);
    }
  }

  async #settle(task: GoneTask, log: Logger, journals: Journals): Promise<Settled | undefined> {
    const { store, ports } = this.#options;
    const objects = await readRecording(store, task.recordingId);
    if (objects === undefined) {
      log.warn('left alone: there is no such recording');
      return undefined;
    }
    log.appendKeys({ mediaSessionId: objects.job.mediaSessionId });
    const rescue = async () => {
      // After a stop no other one comes.
      if (task.mayLive === true && objects.stop === undefined)
        await untilLaterRecords({ store, sleep: ports.sleep }, task, objects.job.settings.maxLossMs);
      return this.#rescueParts(task, log, journals);
    };
    const settled = await settleAttempt({ ...ports, rescue }, objects, task);
    if (settled.kind === 'forgotten') {
      log.warn('left alone: it was deleted meanwhile');
      return undefined;
    }
    if (settled.kind === 'relaunched')
      log.info('recording goes on in another attempt', { next: settled.attempt });
    else if (settled.kind === 'alive')
      log.info('another task has this attempt, or one before it still records');
    else log.info('recording has ended', { outcome: settled.outcome, isNew: settled.isNew });
    await this.announceMissing(objects);
    if (settled.kind === 'ended') await forgetActive(store, objects.job);
    return settled;
  }

  /** What a recorder or a function that died has not announced. */
  async announceMissing({ job }: RecordingObjects): Promise<void> {
    const { store, bus, ports } = this.#options;
    const objects = await readRecording(store, job.recordingId);
    if (objects !== undefined) await announceMissing({ store, bus, clock: ports.clock }, objects);
  }

  /** Completes the parts of every attempt that has ended: one whose recorder lives is its recorder's. */
  async #rescueParts(
    { recordingId, attempt, endedAtMs, mayLive }: GoneTask,
    log: Logger,
    journals: Journals,
  ): Promise<RecordingObjects> {
    const { store, rescue } = this.#options;
    const objects = await this.#read(recordingId);
    const left = new Set<number>();
    for (const { open, moved } of objects.parts.values()) {
      if (open === undefined) continue;
      const { claim, end, progress } = objects.attempts.get(open.attempt) ?? {};
      if (end === undefined) continue;
      left.add(open.part);
      if (moved !== undefined) continue;
      const goneAtMs = open.attempt === attempt ? endedAtMs : end.endedAtMs;
      const part = { recordingId, open, journal: claim?.journal, progress, endedAtMs: goneAtMs, mayLive };
      await rescue.rescue(part, log, journals);
    }
    await forgetWriting(store, recordingId, left);
    return this.#read(recordingId);
  }

  async #read(recordingId: string): Promise<RecordingObjects> {
    const objects = await readRecording(this.#options.store, recordingId);
    if (objects === undefined) throw new Error('the recording was deleted meanwhile');
    return objects;
  }
}
