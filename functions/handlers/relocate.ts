import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { readEnv } from '../aws/env.ts';
import { EventBus } from '../aws/eventBus.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { keysToMove } from '../core/relocation/messages.ts';
import { setUpRelocation } from '../relocation/setup.ts';

const setup = once(() => {
  const { EVENT_BUS_NAME } = readEnv(['EVENT_BUS_NAME']);
  return setUpRelocation({
    bus: new EventBus(new EventBridgeClient(), EVENT_BUS_NAME),
    clock: { nowMs: Date.now },
  });
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
    for (const key of keysToMove(JSON.parse(message.body))) await setup().relocate(key, log, hasTime);
  } catch (error) {
    log.error('record was not moved; the message comes again', error as Error);
    throw error;
  }
}
