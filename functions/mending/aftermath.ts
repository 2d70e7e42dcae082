import type { Logger } from '@aws-lambda-powertools/logger';
import type { EventBus } from '../aws/eventBus.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { type Settled, type SettlePorts, settleAttempt } from '../core/protocol/settle.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import { announceMissing } from '../recordings/announcements.ts';
import { readRecording } from '../recordings/read.ts';
import type { Rescue } from './rescue.ts';

export interface AftermathOptions {
  readonly store: StateStore;
  readonly rescue: Rescue;
  readonly bus: EventBus;
  readonly ports: SettlePorts;
}

export interface GoneTask {
  readonly recordingId: string;
  readonly attempt: number;
  readonly reason: string;
  readonly by: string;
  readonly endedAtMs: number;
  readonly isFinal?: boolean;
}

/** What is done when the task of an attempt is gone, whoever finds out: rescue its parts, then settle the recording. */
export class Aftermath {
  readonly #options: AftermathOptions;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** @returns undefined where there is no such recording */
  async of(task: GoneTask, log: Logger): Promise<Settled | undefined> {
    const { store, ports } = this.#options;
    const objects = await readRecording(store, task.recordingId);
    if (objects === undefined) {
      log.warn('left alone: there is no such recording');
      return undefined;
    }
    log.appendKeys({ mediaSessionId: objects.job.mediaSessionId });
    await this.#rescueParts(task, objects, log);
    const after = (await readRecording(store, task.recordingId)) ?? objects;
    const settled = await settleAttempt(ports, after, task);
    if (settled.kind === 'relaunched')
      log.info('recording goes on in another attempt', { next: settled.attempt });
    else log.info('recording has ended', { outcome: settled.outcome, isNew: settled.isNew });
    await this.announceMissing(after);
    return settled;
  }

  /** What a recorder or a function that died has not announced. */
  async announceMissing({ job }: RecordingObjects): Promise<void> {
    const { store, bus, ports } = this.#options;
    const objects = await readRecording(store, job.recordingId);
    if (objects !== undefined) await announceMissing({ store, bus, clock: ports.clock }, objects);
  }

  async #rescueParts(task: GoneTask, objects: RecordingObjects, log: Logger): Promise<void> {
    for (const { open, final, moved } of objects.parts.values()) {
      if (open === undefined || open.attempt !== task.attempt || moved !== undefined) continue;
      const progress = objects.attempts.get(task.attempt)?.progress;
      const part = { recordingId: task.recordingId, open, final, progress, endedAtMs: task.endedAtMs };
      await this.#options.rescue.rescue(part, log);
    }
  }
}
