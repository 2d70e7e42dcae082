import { setTimeout as delay } from 'node:timers/promises';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from '../aws/env.ts';
import { EventBus } from '../aws/eventBus.ts';
import { StateStore } from '../aws/stateStore.ts';
import { stopTasks, taskLauncher } from '../aws/tasks.ts';
import { Aftermath } from './aftermath.ts';
import { Rescue } from './rescue.ts';

/** What the functions that mend recordings work with, from their environment. */
export function setUpAftermath() {
  const env = readEnv([
    'LANDING_BUCKET',
    'EVENT_BUS_NAME',
    'CLUSTER_ARN',
    'TASK_DEFINITION',
    'CONTAINER_NAME',
    'SUBNET_IDS',
    'SECURITY_GROUP_IDS',
    'CAPACITY_PROVIDERS',
  ]);
  const s3 = new S3Client();
  const ecs = new ECSClient();
  const store = new StateStore(s3, env.LANDING_BUCKET);
  const clock = { nowMs: Date.now };
  const rescue = new Rescue({ s3, store, clock });
  const bus = new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME);
  const ports = {
    store,
    clock,
    tasks: taskLauncher(ecs, {
      cluster: env.CLUSTER_ARN,
      taskDefinition: env.TASK_DEFINITION,
      containerName: env.CONTAINER_NAME,
      subnets: env.SUBNET_IDS,
      securityGroups: env.SECURITY_GROUP_IDS,
      capacityProviders: env.CAPACITY_PROVIDERS,
      landingBucket: env.LANDING_BUCKET,
    }),
    stopTasks: (recordingId: string, reason: string) => stopTasks(ecs, env.CLUSTER_ARN, recordingId, reason),
    sleep: async (ms: number) => void (await delay(ms)),
  };
  return {
    cluster: env.CLUSTER_ARN,
    s3,
    ecs,
    store,
    bus,
    rescue,
    ports,
    aftermath: new Aftermath({ store, rescue, bus, ports }),
  };
}
