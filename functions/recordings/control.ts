import { randomBytes } from 'node:crypto';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { launchAsks, MessageQueue } from '../aws/queues.ts';
import { StateStore } from '../aws/stateStore.ts';
import { stopTasks } from '../aws/tasks.ts';
import type { StartPorts } from '../core/protocol/start.ts';
import type { StopPorts } from '../core/protocol/stop.ts';
import { newRecordingId } from '../core/state/ids.ts';

/** What a function needs to start and stop recordings, made of its environment. */
export function controlPorts(s3: S3Client): StartPorts & StopPorts & { readonly store: StateStore } {
  const env = readEnv(['LANDING_BUCKET', 'CLUSTER_ARN', 'LAUNCH_QUEUE_URL']);
  const ecs = new ECSClient();
  return {
    store: new StateStore(s3, env.LANDING_BUCKET),
    tasks: launchAsks(new MessageQueue(new SQSClient(), env.LAUNCH_QUEUE_URL)),
    stopTasks: (recordingId, reason) => stopTasks(ecs, env.CLUSTER_ARN, recordingId, reason),
    clock: { nowMs: Date.now },
    newRecordingId: () => newRecordingId(Date.now(), randomBytes(16)),
    warn: (message, error) => logger.warn(message, error as Error),
  };
}
