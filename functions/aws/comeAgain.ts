import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSRecord } from 'aws-lambda';
import { retryAfterSeconds } from '../core/relocation/retries.ts';
import type { MessageQueue } from './queues.ts';

/**
 * A message that failed comes again soon, and not after the queue's own visibility time-out: most faults are over in a
 * minute, and somebody waits. Must not throw: what failed is told by whoever calls.
 * @param stepsSeconds after the first try, the second, …; the last one is for all later ones too
 */
export async function comeAgainSoon(
  queue: Pick<MessageQueue, 'comeAgain'>,
  { receiptHandle, attributes }: Pick<SQSRecord, 'receiptHandle' | 'attributes'>,
  stepsSeconds: readonly number[],
  log: Logger,
): Promise<void> {
  const afterSeconds = retryAfterSeconds(Number(attributes.ApproximateReceiveCount), stepsSeconds);
  try {
    await queue.comeAgain(receiptHandle, afterSeconds);
  } catch (error) {
    log.warn("the message comes again after the queue's own time-out", error as Error);
  }
}
