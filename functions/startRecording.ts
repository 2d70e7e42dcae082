import { randomBytes } from 'node:crypto';
import { ECSClient } from '@aws-sdk/client-ecs';
import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from './aws/env.ts';
import { httpHandler } from './aws/http.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { StateStore } from './aws/stateStore.ts';
import { TaskLauncher } from './aws/tasks.ts';
import { mediaSessionBody } from './core/api/schemas.ts';
import { newRecordingId } from './core/ids.ts';
import { startRecording } from './core/protocol/start.ts';
import { parseInput } from './core/validation.ts';

const setup = once(() => {
  const env = readEnv([
    'LANDING_BUCKET',
    'CLUSTER_ARN',
    'TASK_DEFINITION',
    'CONTAINER_NAME',
    'SUBNET_IDS',
    'SECURITY_GROUP_IDS',
    'CAPACITY_PROVIDERS',
    'RECORDING_DEFAULTS',
  ]);
  return {
    settings: env.RECORDING_DEFAULTS,
    store: new StateStore(new S3Client(), env.LANDING_BUCKET),
    tasks: new TaskLauncher(new ECSClient(), {
      cluster: env.CLUSTER_ARN,
      taskDefinition: env.TASK_DEFINITION,
      containerName: env.CONTAINER_NAME,
      subnets: env.SUBNET_IDS,
      securityGroups: env.SECURITY_GROUP_IDS,
      capacityProviders: env.CAPACITY_PROVIDERS,
      landingBucket: env.LANDING_BUCKET,
    }),
  };
});

/** POST /rest-api/stream/startRecording `{"mediaSessionId"}` → 200 `{"recordingId","mediaSessionId","status"}`. */
export const handler = httpHandler(
  async ({ body, requestId }) => {
    const { mediaSessionId } = parseInput(mediaSessionBody, body);
    logger.appendKeys({ mediaSessionId });
    const { store, tasks, settings } = setup();
    const result = await startRecording(
      {
        store,
        tasks,
        clock: { nowMs: Date.now },
        newRecordingId: () => newRecordingId(Date.now(), randomBytes(16)),
      },
      { mediaSessionId, settings, requestId },
    );
    logger.info('recording start asked', { ...result });
    return {
      status: 200,
      body: {
        recordingId: result.recordingId,
        mediaSessionId,
        status: 'starting',
        alreadyStarted: result.alreadyStarted,
      },
    };
  },
  { body: 'json' },
);
