import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import { EventBus } from '../aws/eventBus.ts';
import { StateStore } from '../aws/stateStore.ts';
import { ClipMaking } from './making.ts';

/** Makes clips in the buckets that the environment names. */
export function setUpClipMaking(): { readonly making: ClipMaking; readonly store: StateStore } {
  const env = readEnv([
    'LANDING_BUCKET',
    'LIBRARY_BUCKET',
    'LIBRARY_STORAGE_CLASS',
    'LIBRARY_KMS_KEY_ARN',
    'EVENT_BUS_NAME',
  ]);
  // The library may be in another region.
  const s3 = new S3Client({ followRegionRedirects: true });
  const store = new StateStore(s3, env.LANDING_BUCKET);
  const making = new ClipMaking({
    s3,
    store,
    bus: new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME),
    clock: { nowMs: Date.now },
    library: {
      bucket: env.LIBRARY_BUCKET,
      storageClass: env.LIBRARY_STORAGE_CLASS,
      kmsKeyArn: env.LIBRARY_KMS_KEY_ARN,
    },
  });
  return { making, store };
}
