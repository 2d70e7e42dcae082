import { ECSClient } from '@aws-sdk/client-ecs';
import { S3Client } from '@aws-sdk/client-s3';
import { readEnv } from './aws/env.ts';
import { httpHandler } from './aws/http.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { StateStore } from './aws/stateStore.ts';
import { stopTasks } from './aws/tasks.ts';
import { mediaSessionBody } from './core/api/schemas.ts';
import { stopRecording } from './core/protocol/stop.ts';
import { parseInput } from './core/validation.ts';

const setup = once(() => {
  const env = readEnv(['LANDING_BUCKET', 'CLUSTER_ARN']);
  return {
    cluster: env.CLUSTER_ARN,
    store: new StateStore(new S3Client(), env.LANDING_BUCKET),
    ecs: new ECSClient(),
  };
});

/** POST /rest-api/stream/stopRecording `{"mediaSessionId"}` → 200 `{"recordingId","mediaSessionId","status"}`. */
export const handler = httpHandler(
  async ({ body, requestId }) => {
    const { mediaSessionId } = parseInput(mediaSessionBody, body);
    logger.appendKeys({ mediaSessionId });
    const { store, ecs, cluster } = setup();
    const result = await stopRecording(
      {
        store,
        stopTasks: (recordingId, reason) => stopTasks(ecs, cluster, recordingId, reason),
        clock: { nowMs: Date.now },
        warn: (message, error) => logger.warn(message, error as Error),
      },
      { mediaSessionId, by: `request ${requestId}` },
    );
    logger.info('recording stop asked', { ...result });
    const status = result.alreadyEnded ? 'ended' : 'stopping';
    return { status: 200, body: { recordingId: result.recordingId, mediaSessionId, status } };
  },
  { body: 'json' },
);
