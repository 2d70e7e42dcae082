import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { lookupBySystem } from '../functions/aws/dnsResolution.ts';
import { EventBus } from '../functions/aws/eventBus.ts';
import { logger } from '../functions/aws/logger.ts';
import { launchAsks, MessageQueue } from '../functions/aws/queues.ts';
import { readSourceSecret } from '../functions/aws/sourceSecrets.ts';
import type { StateStore } from '../functions/aws/stateStore.ts';
import type { Clock } from '../functions/core/protocol/ports.ts';
import { journalId } from '../functions/core/state/keys.ts';
import { runAttempt } from './attempt/attempt.ts';
import { type RecorderEnv, readRecorderEnv } from './attempt/env.ts';
import { EXIT_CODES } from './attempt/exitCodes.ts';
import { handedOver } from './attempt/handOver.ts';
import { Patience, PatientStore } from './attempt/patience.ts';
import { StopRequest, stopCauseAfterSigterm } from './attempt/stopRequest.ts';
import { taskArn } from './attempt/taskArn.ts';
import { runHost } from './host/host.ts';
import { runWorker } from './host/worker.ts';
import { runMerge } from './merge/runMerge.ts';
import { PictureMaker } from './pictures/pictureMaker.ts';
import { BufferPool } from './upload/bufferPool.ts';
import { Journal } from './upload/journal.ts';
import { recorderS3Client } from './upload/s3Client.ts';
import { StorageClock } from './upload/storageClock.ts';

/** A dedicated task: one attempt of one recording, as the task's environment names it. */
async function main(env: RecorderEnv): Promise<number> {
  logger.appendKeys({ recordingId: env.RECORDING_ID, attempt: env.ATTEMPT });
  const clock = new StorageClock(logger);
  const s3 = clock.listen(recorderS3Client(logger));
  const patience = new Patience();
  const store = new PatientStore(s3, env.LANDING_BUCKET, { signal: patience.signal, log: logger });
  const stop = new StopRequest();
  const onSigterm = (): void => {
    patience.sigterm();
    endFor(env, { store, clock, stop }).then(
      () => logger.info('SIGTERM', { cause: stop.cause }),
      (error: unknown) => {
        logger.error('SIGTERM, and whether a stop was asked cannot be read', error as Error);
        stop.ask('interrupted');
      },
    );
  };
  process.on('SIGTERM', onSigterm);
  process.on('SIGINT', onSigterm);
  const runId = randomUUID();
  const arn = await taskArn(env.ECS_CONTAINER_METADATA_URI_V4);
  const journal = new Journal(journalId(arn?.split('/').at(-1) ?? runId, runId), {
    s3,
    bucket: env.LANDING_BUCKET,
    log: logger,
    nowMs: () => clock.nowMs(),
  });
  const ffmpegPath = env.FFMPEG_PATH ?? 'ffmpeg';
  const reason = await runAttempt({
    outside: {
      s3,
      store,
      patience,
      journal,
      buffers: new BufferPool(),
      pictures: new PictureMaker(ffmpegPath),
      bus: new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME),
      clock,
      log: logger,
      lookup: lookupBySystem,
      readSourceSecret,
    },
    recordingId: env.RECORDING_ID,
    attempt: env.ATTEMPT,
    taskArn: arn,
    runId,
    ffmpegPath,
    spoolFolder: env.SPOOL_DIR,
    stop,
  });
  await journal.close();
  return EXIT_CODES[reason.code];
}

interface Ending {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly stop: StopRequest;
}

/** A task that is taken away asks for another one first, and records on until that one has opened its part. */
async function endFor(env: RecorderEnv, { store, clock, stop }: Ending): Promise<void> {
  const { RECORDING_ID: recordingId, ATTEMPT: attempt, LAUNCH_QUEUE_URL: queueUrl } = env;
  const cause = await stopCauseAfterSigterm(store, recordingId);
  if (cause !== 'interrupted' || queueUrl === undefined) return stop.ask(cause);
  await launchAsks(new MessageQueue(new SQSClient(), queueUrl), clock).run(recordingId, attempt + 1);
  stop.interrupt(await handedOver({ store, clock, recordingId, attempt }, stop.signal));
}

const [, file = '', role] = process.argv;
try {
  if (role === 'host') {
    await runHost(file);
    process.exit(0);
  } else if (role === 'worker') await runWorker();
  else if (role === 'merge') process.exitCode = await runMerge();
  else process.exitCode = await main(readRecorderEnv(process.env));
} catch (error) {
  logger.error('the recorder failed', error as Error);
  process.exitCode = EXIT_CODES.recorder_failed;
}
