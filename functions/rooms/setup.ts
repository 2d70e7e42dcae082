import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import { EventBus } from '../aws/eventBus.ts';
import { StateStore } from '../aws/stateStore.ts';
import { isComposed, mergeLauncher, stopTasks } from '../aws/tasks.ts';
import { NoCapacityError } from '../core/protocol/launch.ts';
import type { Composer } from './mergeComposing.ts';
import { MergeMaking } from './mergeMaking.ts';

/** Makes merges in the buckets that the environment names. */
export function setUpMergeMaking(): MergeMaking {
  const env = readEnv(['LANDING_BUCKET', 'EVENT_BUS_NAME']);
  // The library may be in another region.
  const s3 = new S3Client({ followRegionRedirects: true });
  return new MergeMaking({
    s3,
    store: new StateStore(s3, env.LANDING_BUCKET),
    bus: new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME),
    clock: { nowMs: Date.now },
    composer: composerTasks(new ECSClient()),
  });
}

function composerTasks(ecs: ECSClient): Composer {
  const env = readEnv([
    'CLUSTER_ARN',
    'MERGE_TASK_DEFINITION',
    'MERGE_CONTAINER_NAME',
    'SUBNET_IDS',
    'SECURITY_GROUP_IDS',
    'ASSIGN_PUBLIC_IP',
    'CAPACITY_PROVIDERS',
  ]);
  const cluster = env.CLUSTER_ARN;
  const launcher = mergeLauncher(ecs, {
    cluster,
    taskDefinition: env.MERGE_TASK_DEFINITION,
    containerName: env.MERGE_CONTAINER_NAME,
    subnets: env.SUBNET_IDS,
    securityGroups: env.SECURITY_GROUP_IDS,
    assignPublicIp: env.ASSIGN_PUBLIC_IP,
    capacityProviders: env.CAPACITY_PROVIDERS,
  });
  return {
    isAtWork: (mergeId) => isComposed(ecs, { cluster, taskDefinition: env.MERGE_TASK_DEFINITION }, mergeId),
    async run(mergeId, tries) {
      try {
        await launcher.run(mergeId, tries);
        return [];
      } catch (error) {
        if (error instanceof NoCapacityError) return [error.message];
        throw error;
      }
    },
    async stop(mergeId) {
      await stopTasks(ecs, cluster, mergeId, 'the merge was given up');
    },
  };
}
