import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import type { EventBus } from '../aws/eventBus.ts';
import { StateStore } from '../aws/stateStore.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { Relocation } from './relocation.ts';

/** A relocation between the buckets that the environment names. */
export function setUpRelocation(outside: { readonly bus: EventBus; readonly clock: Clock }): Relocation {
  const env = readEnv(['LANDING_BUCKET', 'LIBRARY_BUCKET', 'LIBRARY_STORAGE_CLASS', 'LIBRARY_KMS_KEY_ARN']);
  // The library may be in another region.
  const s3 = new S3Client({ followRegionRedirects: true });
  return new Relocation({
    ...outside,
    s3,
    store: new StateStore(s3, env.LANDING_BUCKET),
    library: {
      bucket: env.LIBRARY_BUCKET,
      storageClass: env.LIBRARY_STORAGE_CLASS,
      kmsKeyArn: env.LIBRARY_KMS_KEY_ARN,
    },
  });
}
