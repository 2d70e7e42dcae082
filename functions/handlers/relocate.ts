import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { comeAgainSoon } from '../aws/comeAgain.ts';
import { readEnv } from '../aws/env.ts';
import { EventBus } from '../aws/eventBus.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { keysToMove } from '../core/relocation/messages.ts';
import { setUpRelocation } from '../relocation/setup.ts';

const setup = once(() => {
  const env = readEnv(['EVENT_BUS_NAME', 'RELOCATION_QUEUE_URL', 'RELOCATION_RETRY_SECONDS']);
  return {
    relocation: setUpRelocation({
      bus: new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME),
      clock: { nowMs: Date.now },
    }),
    queue: new MessageQueue(new SQSClient(), env.RELOCATION_QUEUE_URL),
    retrySeconds: env.RELOCATION_RETRY_SECONDS,
  };
});

/** Kept for the ranges that are being copied, and for what follows a copy. */
const RESERVED_MS = 60_000;

/**
 * Landing's ObjectCreated events, through SQS: moves each finished record to the library. A message that fails is
 * reported alone and comes again; the others of its batch are done. A copy that takes longer than one call goes on by a
 * message to ourselves.
 */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const processor = new BatchProcessor(EventType.SQS);
  const hasTime = (): boolean => context.getRemainingTimeInMillis() > RESERVED_MS;
  return processPartialResponse(event, (message: SQSRecord) => relocateMessage(message, hasTime), processor, {
    context,
    throwOnFullBatchFailure: false,
  });
};

async function relocateMessage(message: SQSRecord, hasTime: () => boolean): Promise<void> {
  const log = logger.createChild();
  log.appendKeys({ messageId: message.messageId });
  try {
    const { relocation } = setup();
    for (const key of keysToMove(JSON.parse(message.body))) await relocation.relocate(key, log, hasTime);
  } catch (error) {
    log.error('record was not moved; the message comes again', error as Error);
    const { queue, retrySeconds } = setup();
    await comeAgainSoon(queue, message, retrySeconds, log);
    throw error;
  }
}
