import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEnv } from '../aws/env.ts';
import { EventBus } from '../aws/eventBus.ts';
import { nudgeHosts } from '../aws/hosts.ts';
import { MessageQueue, recorderAsks } from '../aws/queues.ts';
import { StateStore } from '../aws/stateStore.ts';
import { stopTasks } from '../aws/tasks.ts';
import { newRecordingId } from '../core/state/ids.ts';
import { Aftermath } from './aftermath.ts';
import { Rescue } from './rescue.ts';
import { rescuerS3Client } from './s3Client.ts';

/** What the functions that mend recordings work with, from their environment. */
export function setUpAftermath() {
  const env = readEnv([
    'LANDING_BUCKET',
    'EVENT_BUS_NAME',
    'CLUSTER_ARN',
    'LAUNCH_QUEUE_URL',
    'ASSIGNMENTS_QUEUE_URL',
  ]);
  const s3 = rescuerS3Client();
  const ecs = new ECSClient();
  const store = new StateStore(s3, env.LANDING_BUCKET);
  const clock = { nowMs: Date.now };
  const rescue = new Rescue({ s3, store, clock });
  const bus = new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME);
  const sqs = new SQSClient();
  const launchQueue = new MessageQueue(sqs, env.LAUNCH_QUEUE_URL);
  const ports = {
    store,
    clock,
    tasks: recorderAsks(sqs, launchQueue, env.ASSIGNMENTS_QUEUE_URL),
    stopTasks: async (recordingId: string, reason: string) => {
      await Promise.all([
        stopTasks(ecs, env.CLUSTER_ARN, recordingId, reason),
        nudgeHosts(store, recordingId),
      ]);
    },
    newRecordingId: () => newRecordingId(Date.now(), randomBytes(16)),
    sleep: async (ms: number) => void (await delay(ms)),
  };
  return {
    cluster: env.CLUSTER_ARN,
    sqs,
    launchQueue,
    s3,
    ecs,
    store,
    bus,
    rescue,
    ports,
    aftermath: new Aftermath({ s3, store, rescue, bus, ports }),
  };
}
