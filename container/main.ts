import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { EventBus } from '../functions/aws/eventBus.ts';
import { logger } from '../functions/aws/logger.ts';
import { runAttempt } from './attempt/attempt.ts';
import { type RecorderEnv, readRecorderEnv } from './attempt/env.ts';
import { EXIT_CODES } from './attempt/exitCodes.ts';
import { Patience, PatientStore } from './attempt/patience.ts';
import { StopRequest, stopCauseAfterSigterm } from './attempt/stopRequest.ts';
import { taskArn } from './attempt/taskArn.ts';
import { runHost } from './host/host.ts';
import { runWorker } from './host/worker.ts';
import { lookupBySystem } from './source/reach/dnsResolution.ts';
import { recorderS3Client } from './upload/s3Client.ts';

/** A dedicated task: one attempt of one recording, as the task's environment names it. */
async function main(env: RecorderEnv): Promise<number> {
  logger.appendKeys({ recordingId: env.RECORDING_ID, attempt: env.ATTEMPT });
  const s3 = recorderS3Client(logger);
  const patience = new Patience();
  const store = new PatientStore(s3, env.LANDING_BUCKET, { signal: patience.signal, log: logger });
  const stop = new StopRequest();
  const onSigterm = (): void => {
    patience.sigterm();
    stopCauseAfterSigterm(store, env.RECORDING_ID).then(
      (cause) => {
        logger.info('SIGTERM', { cause });
        stop.ask(cause);
      },
      (error: unknown) => {
        logger.error('SIGTERM, and whether a stop was asked cannot be read', error as Error);
        stop.ask('interrupted');
      },
    );
  };
  process.on('SIGTERM', onSigterm);
  process.on('SIGINT', onSigterm);
  const reason = await runAttempt({
    outside: {
      s3,
      store,
      patience,
      bus: new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME),
      clock: { nowMs: Date.now },
      log: logger,
      lookup: lookupBySystem,
    },
    recordingId: env.RECORDING_ID,
    attempt: env.ATTEMPT,
    taskArn: await taskArn(env.ECS_CONTAINER_METADATA_URI_V4),
    runId: randomUUID(),
    ffmpegPath: env.FFMPEG_PATH ?? 'ffmpeg',
    spoolFolder: env.SPOOL_DIR,
    stop,
  });
  return EXIT_CODES[reason.code];
}

const [, file = '', role] = process.argv;
try {
  if (role === 'host') {
    await runHost(file);
    process.exit(0);
  } else if (role === 'worker') await runWorker();
  else process.exitCode = await main(readRecorderEnv(process.env));
} catch (error) {
  logger.error('the recorder failed', error as Error);
  process.exitCode = EXIT_CODES.recorder_failed;
}
