import { randomBytes } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { readEnv } from '../aws/env.ts';
import { nudgeHosts } from '../aws/hosts.ts';
import { logger } from '../aws/logger.ts';
import { MessageQueue, recorderAsks } from '../aws/queues.ts';
import { StateStore } from '../aws/stateStore.ts';
import type { StartPorts } from '../core/protocol/start.ts';
import type { StopPorts } from '../core/protocol/stop.ts';
import { newRecordingId } from '../core/state/ids.ts';
import { Admission } from './admission.ts';

export interface ControlPorts extends StartPorts, StopPorts {
  readonly store: StateStore;
  /** Lets whoever records know that there is something new to read. */
  readonly nudge: (recordingId: string) => Promise<void>;
}

/** What a function needs to start and stop recordings, made of its environment. */
export function controlPorts(s3: S3Client): ControlPorts {
  const env = readEnv([
    'LANDING_BUCKET',
    'CLUSTER_ARN',
    'LAUNCH_QUEUE_URL',
    'ASSIGNMENTS_QUEUE_URL',
    'RECORDING_LIMITS',
  ]);
  const sqs = new SQSClient();
  const store = new StateStore(s3, env.LANDING_BUCKET);
  const clock = { nowMs: Date.now };
  const { maxConcurrentRecordings, maxDurationMs } = env.RECORDING_LIMITS;
  const admission = new Admission(store, clock, maxConcurrentRecordings);
  return {
    store,
    tasks: recorderAsks(sqs, new MessageQueue(sqs, env.LAUNCH_QUEUE_URL), env.ASSIGNMENTS_QUEUE_URL),
    stopTasks: async (recordingId, reason) => {
      const { stopTasksOf } = await import('../aws/taskStopping.ts');
      await Promise.all([stopTasksOf(env.CLUSTER_ARN, recordingId, reason), nudgeHosts(store, recordingId)]);
    },
    nudge: async (recordingId) => {
      try {
        await nudgeHosts(store, recordingId);
      } catch (error) {
        logger.warn('a host was not told; it looks by itself', error as Error);
      }
    },
    clock,
    limits: { maxDurationMs, admit: () => admission.admit() },
    newRecordingId: () => newRecordingId(Date.now(), randomBytes(16)),
    warn: (message, error) => logger.warn(message, error as Error),
  };
}
