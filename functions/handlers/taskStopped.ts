import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { type StoppedHost, stoppedHost, stoppedTask } from '../core/events/taskStateChange.ts';
import { settleGoneHost } from '../mending/goneHost.ts';
import { setUpAftermath } from '../mending/setup.ts';

const setup = once(() => {
  const { SETTLE_QUEUE_URL } = readEnv(['SETTLE_QUEUE_URL']);
  const parts = setUpAftermath();
  return { ...parts, tasks: parts.ports.tasks, settleQueue: new MessageQueue(parts.sqs, SETTLE_QUEUE_URL) };
});

/**
 * ECS's task state changes, through EventBridge: when the task of an attempt has ended, its unfinished parts are
 * rescued, and the recording gets its outcome or its next attempt; when it was a host, so does all that it carried.
 * Duplicated events end in the same state.
 * @throws what should make EventBridge deliver the event again
 */
export const handler = async (event: unknown): Promise<void> => {
  const host = stoppedHost(event);
  if (host !== undefined) return settleHost(host);
  const stopped = stoppedTask(event);
  if (stopped === undefined) return;
  const log = logger.createChild();
  const { recordingId, attempt, reason, stoppedAtMs, taskArn } = stopped;
  log.appendKeys({ recordingId, attempt, taskArn });
  log.info('task stopped', { reason });
  const gone = {
    recordingId,
    attempt,
    taskArn,
    reason,
    by: 'task-stopped',
    died: true,
    endedAtMs: stoppedAtMs ?? Date.now(),
  };
  try {
    await setup().aftermath.of(gone, log);
  } catch (error) {
    log.error('the recording could not be settled; the event comes again', error as Error);
    throw error;
  }
};

async function settleHost({ hostId, taskArn, reason, stoppedAtMs }: StoppedHost): Promise<void> {
  const log = logger.createChild();
  log.appendKeys({ hostId, taskArn });
  const gone = { hostId, reason, by: 'task-stopped', endedAtMs: stoppedAtMs ?? Date.now() };
  const recordings = await settleGoneHost(setup(), gone);
  log.info('host stopped', { reason, recordings });
}
