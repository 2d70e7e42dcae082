import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { EventBus } from '../functions/aws/eventBus.ts';
import type { StateStore } from '../functions/aws/stateStore.ts';
import type { EventDetail, EventType } from '../functions/core/events.ts';
import { eventId } from '../functions/core/events.ts';
import type { Clock } from '../functions/core/ports.ts';
import type { Job } from '../functions/core/state/objects.ts';
import type { Patience } from './patience.ts';

/** What every piece of the recorder needs of the outside. */
export interface Outside {
  readonly s3: S3Client;
  /** Tries again for as long as `patience` lasts. */
  readonly store: StateStore;
  readonly patience: Patience;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The attempt that this task is. */
export interface AttemptContext extends Outside {
  readonly job: Job;
  readonly attempt: number;
}

/** Publishes a fact. The fact itself is in state by then, so a bus that fails is logged and stops no recording. */
export async function announce(
  context: AttemptContext,
  type: EventType,
  fields: Readonly<Record<string, unknown>>,
  part?: number,
): Promise<void> {
  const { job, bus, log } = context;
  const detail: EventDetail = {
    id: eventId(type, job.recordingId, part),
    recordingId: job.recordingId,
    mediaSessionId: job.mediaSessionId,
    streamName: job.stream.name,
    ...fields,
  };
  try {
    await bus.publish(type, detail);
  } catch (error) {
    log.error(`the event "${type}" was not published`, error as Error);
  }
}
