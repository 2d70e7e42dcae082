import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { stoppedTask } from '../core/events/taskStateChange.ts';
import { setUpAftermath } from '../mending/setup.ts';

const setup = once(setUpAftermath);

/**
 * ECS's task state changes, through EventBridge: when the task of an attempt has stopped, its unfinished parts are
 * rescued, and the recording gets its outcome or its next attempt. Duplicated events end in the same state.
 * @throws what should make EventBridge deliver the event again
 */
export const handler = async (event: unknown): Promise<void> => {
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
    endedAtMs: stoppedAtMs ?? Date.now(),
  };
  try {
    await setup().aftermath.of(gone, log);
  } catch (error) {
    log.error('the recording could not be settled; the event comes again', error as Error);
    throw error;
  }
};
