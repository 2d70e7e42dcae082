import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../core/ports.ts';
import { readEnv } from '../env.ts';
import type { EventBus } from '../eventBus.ts';
import type { StateStore } from '../stateStore.ts';
import { Relocation } from './relocation.ts';

/** A relocation into the library that the environment names. */
export function setUpRelocation(outside: {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly bus: EventBus;
  readonly clock: Clock;
}): Relocation {
  const env = readEnv(['LIBRARY_BUCKET', 'LIBRARY_STORAGE_CLASS', 'LIBRARY_KMS_KEY_ARN']);
  return new Relocation({
    ...outside,
    library: {
      bucket: env.LIBRARY_BUCKET,
      storageClass: env.LIBRARY_STORAGE_CLASS,
      kmsKeyArn: env.LIBRARY_KMS_KEY_ARN,
    },
  });
}
