import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SQSClient } from '@aws-sdk/client-sqs';
import { logger } from '../../functions/aws/logger.ts';
import { MessageQueue, NextAsks } from '../../functions/aws/queues.ts';
import { StateStore } from '../../functions/aws/stateStore.ts';
import { hostGoneAsk } from '../../functions/core/protocol/asks.ts';
import { journalId } from '../../functions/core/state/keys.ts';
import { recorderS3Client } from '../upload/s3Client.ts';
import { StorageClock } from '../upload/storageClock.ts';
import { AssignmentQueue } from './assignmentQueue.ts';
import { readHostEnv } from './env.ts';
import { HostState } from './hostState.ts';
import { hostIdentity } from './identity.ts';
import { saveLeftFragments, writeAheadFolder } from './leftFragments.ts';
import { Protection } from './protection.ts';
import { Supervisor } from './supervisor.ts';

const SETTLE_RETRY_MS = 1_000;
/** An old process has in it what leaks. Hosts that began together do not end together. */
const AGE_MAX_MS = 24 * 3_600_000;
const AGE_SPREAD_MS = 4 * 3_600_000;
/** By then the heartbeat is old, and others tell it. */
const SETTLE_TRIES = 100;

/** Process 1 of a host, until it is told to end. @param workerFile what a worker runs */
export async function runHost(workerFile: string): Promise<void> {
  const env = readHostEnv(process.env);
  const identity = await hostIdentity(env);
  logger.appendKeys({ hostId: identity.hostId });
  const sqs = new SQSClient();
  const settleQueue = new MessageQueue(sqs, env.SETTLE_QUEUE_URL);
  const clock = new StorageClock(logger);
  const asks = new NextAsks(sqs, env, clock);
  const s3 = clock.listen(recorderS3Client(logger));
  const store = new StateStore(s3, env.LANDING_BUCKET);
  const supervisor = new Supervisor({
    env,
    ...identity,
    state: new HostState(store, identity.hostId),
    assignments: new AssignmentQueue(sqs, env.ASSIGNMENTS_QUEUE_URL),
    protection: new Protection(env.ECS_AGENT_URI, logger),
    handOver: ({ recordingId, attempt }) => asks.next(recordingId, attempt + 1, identity.hostId),
    goOn: ({ recordingId, attempt }) => asks.next(recordingId, attempt + 1),
    secure: ({ recordingId, attempt }) => asks.secure(recordingId, attempt + 1),
    settle: (message) => untilTaken(() => settleQueue.send(message)),
    saveLeft: (worker) =>
      untilTaken(() =>
        saveLeftFragments(
          { s3, store, log: logger },
          journalId(identity.hostId, worker),
          writeAheadFolder(env.SPOOL_DIR, worker),
        ),
      ),
    tellGone: (hostId, silentMs) =>
      settleQueue.send(
        hostGoneAsk({
          hostId,
          reason: `it has said nothing for ${Math.round(silentMs / 1000)} s`,
          by: `host ${identity.hostId}`,
          endedAtMs: clock.nowMs() - Math.round(silentMs),
        }),
      ),
    workerFile,
    newRunId: randomUUID,
    ageMaxMs: AGE_MAX_MS + Math.random() * AGE_SPREAD_MS,
    clock,
    log: logger,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.end());
  logger.info('the host takes recordings', { maxRecordings: env.MAX_RECORDINGS });
  await supervisor.run();
}

/** SQS or S3 is away for a moment. @throws what the last try met */
async function untilTaken(send: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await send();
      return;
    } catch (error) {
      if (tries === SETTLE_TRIES) throw error;
      await delay(SETTLE_RETRY_MS);
    }
  }
}
