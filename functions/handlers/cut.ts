import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { OutOfTime } from '../aws/multipartUpload.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { joinWanted } from '../clips/joining.ts';
import { setUpClipMaking } from '../clips/setup.ts';
import { clipAskSchema } from '../core/clips/clip.ts';
import { joinWantedSchema } from '../core/events/published.ts';

const setup = once(() => {
  const { CLIPS_QUEUE_URL } = readEnv(['CLIPS_QUEUE_URL']);
  return { ...setUpClipMaking(), queue: new MessageQueue(new SQSClient(), CLIPS_QUEUE_URL) };
});

const messageSchema = z.union([clipAskSchema, joinWantedSchema]);

/** Kept for the ranges that are being copied, and for what follows. */
const RESERVED_MS = 60_000;
/** A part that is still recorded, or on its way to the library, is looked for again after so long. */
const WAIT_MS = 15_000;

/** The clips queue: makes a clip, or all parts of a recording that has ended into one. What fails comes again. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const processor = new BatchProcessor(EventType.SQS);
  const hasTime = (): boolean => context.getRemainingTimeInMillis() > RESERVED_MS;
  return processPartialResponse(event, (message: SQSRecord) => make(message, hasTime), processor, {
    context,
    throwOnFullBatchFailure: false,
  });
};

async function make({ body, messageId }: SQSRecord, hasTime: () => boolean): Promise<void> {
  const log = logger.createChild();
  log.appendKeys({ messageId });
  const { making, store, queue } = setup();
  try {
    const ask = messageSchema.parse(JSON.parse(body));
    const made =
      'detail' in ask
        ? await joinWanted({ store, queue }, ask.detail.recordingId, messageId, log)
        : await making.make(ask, log, hasTime);
    if (made === 'waiting') await queue.send(ask, WAIT_MS);
  } catch (error) {
    if (error instanceof OutOfTime) {
      log.info('the clip is gone on with in another call');
      await queue.send(JSON.parse(body) as object);
      return;
    }
    log.error('a clip was not made; the message comes again', error as Error);
    throw error;
  }
}
