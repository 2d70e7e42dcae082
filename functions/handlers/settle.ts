import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { comeAgainSoon } from '../aws/comeAgain.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { hostGoneAskSchema, settleAskSchema, settleAsksSchema } from '../core/protocol/asks.ts';
import { setUpSettling } from '../mending/settling.ts';

const setup = once(setUpSettling);
/** Until it is settled nobody records. */
const AGAIN_SECONDS = [1, 5, 20, 60, 300, 1_800];
const messageSchema = z.union([settleAsksSchema, settleAskSchema, hostGoneAskSchema]);

/**
 * The settle queue: attempts that ended inside a host, of which no event of ECS tells; and hosts that others take for gone.
 * What fails comes again.
 */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const processor = new BatchProcessor(EventType.SQS);
  return processPartialResponse(event, settleMessage, processor, { context, throwOnFullBatchFailure: false });
};

async function settleMessage(message: SQSRecord): Promise<void> {
  const log = logger.createChild();
  try {
    const ask = messageSchema.parse(JSON.parse(message.body));
    if ('asks' in ask) return await setup().settling.settleTogether(ask.asks, log);
    if ('hostId' in ask) return await setup().settling.settleHost(ask, log);
    log.appendKeys({ recordingId: ask.recordingId, attempt: ask.attempt });
    await setup().settling.settle(ask, log);
  } catch (error) {
    log.error('an attempt could not be settled; the message comes again', error as Error);
    await comeAgainSoon(setup().queue, message, AGAIN_SECONDS, log);
    throw error;
  }
}
