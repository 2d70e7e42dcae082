import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Lookup } from '../../functions/aws/dnsResolution.ts';
import type { EventBus } from '../../functions/aws/eventBus.ts';
import type { ReadSourceSecret } from '../../functions/aws/sourceSecrets.ts';
import type { StateStore } from '../../functions/aws/stateStore.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import type { Job } from '../../functions/core/state/objects.ts';
import type { PictureMaking } from '../pictures/pictureMaker.ts';
import type { BufferPool } from '../upload/bufferPool.ts';
import type { Journal } from '../upload/journal.ts';
import type { Patience } from './patience.ts';

/** What every piece of the recorder needs of the outside. */
export interface Outside {
  readonly s3: S3Client;
  /** Tries again for as long as `patience` lasts. */
  readonly store: StateStore;
  readonly patience: Patience;
  /** What is in no S3 part yet, of all recordings of this process. */
  readonly journal: Journal;
  /** Of all recordings of this process: what S3 parts are filled in. */
  readonly buffers: BufferPool;
  /** Of all recordings of this process. */
  readonly pictures: PictureMaking;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves the host names of sources. */
  readonly lookup: Lookup;
  /** Reads sources' credentials. */
  readonly readSourceSecret: ReadSourceSecret;
}

/** The attempt that this task is. */
export interface AttemptContext extends Outside {
  readonly job: Job;
  readonly attempt: number;
}

/** Announces a fact. It is in state by then, so a bus that fails is logged, stops no recording, and is mended later. */
export async function tryAnnounce({ log }: AttemptContext, announcement: () => Promise<void>): Promise<void> {
  try {
    await announcement();
  } catch (error) {
    log.error('an event was not published; the functions that look after recordings do it', error as Error);
  }
}
