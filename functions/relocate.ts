import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import type { Context, S3Event, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { readEnv } from './aws/env.ts';
import { EventBus } from './aws/eventBus.ts';
import { logger } from './aws/logger.ts';
import { once } from './aws/once.ts';
import { Relocation } from './aws/relocation.ts';
import { StateStore } from './aws/stateStore.ts';
import { createdKeys } from './core/s3Events.ts';

const setup = once(() => {
  const env = readEnv(['LANDING_BUCKET', 'LIBRARY_BUCKET', 'EVENT_BUS_NAME']);
  const s3 = new S3Client();
  return new Relocation({
    s3,
    store: new StateStore(s3, env.LANDING_BUCKET),
    bus: new EventBus(new EventBridgeClient(), env.EVENT_BUS_NAME),
    libraryBucket: env.LIBRARY_BUCKET,
    clock: { nowMs: Date.now },
  });
});

/**
 * Landing's ObjectCreated events, through SQS: moves each finished record to the library. A message that fails is
 * reported alone and comes again; the others of its batch are done.
 */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const processor = new BatchProcessor(EventType.SQS);
  return processPartialResponse(event, relocateMessage, processor, {
    context,
    throwOnFullBatchFailure: false,
  });
};

async function relocateMessage(message: SQSRecord): Promise<void> {
  const log = logger.createChild();
  log.appendKeys({ messageId: message.messageId });
  try {
    for (const key of createdKeys(JSON.parse(message.body) as Partial<S3Event>)) {
      await setup().relocate(key, log);
    }
  } catch (error) {
    log.error('record was not moved; the message comes again', error as Error);
    throw error;
  }
}
