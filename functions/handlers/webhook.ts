import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { lookupBySystem } from '../aws/dnsResolution.ts';
import { readEnv } from '../aws/env.ts';
import { logger } from '../aws/logger.ts';
import { once } from '../aws/once.ts';
import { MessageQueue } from '../aws/queues.ts';
import { readSecret } from '../aws/secrets.ts';
import { webhookRetrySeconds } from '../core/webhooks/retries.ts';
import { webhookSecretSchema } from '../core/webhooks/settings.ts';
import { publishedEventSchema, webhookMessage } from '../webhooks/message.ts';
import { NotTakenError, postWebhook } from '../webhooks/post.ts';

const setup = once(() => {
  const env = readEnv(['WEBHOOK_URL', 'WEBHOOK_SECRET_ARN', 'WEBHOOK_QUEUE_URL', 'WEBHOOK_RULES']);
  return { env, queue: new MessageQueue(new SQSClient(), env.WEBHOOK_QUEUE_URL) };
});

/** Tells one endpoint of events, from its own queue; what it does not take comes again, later each time. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  processPartialResponse(event, tell, new BatchProcessor(EventType.SQS), {
    context,
    throwOnFullBatchFailure: false,
  });

async function tell(message: SQSRecord): Promise<void> {
  const log = logger.createChild();
  const { env, queue } = setup();
  const tries = Number(message.attributes.ApproximateReceiveCount);
  try {
    const event = publishedEventSchema.parse(JSON.parse(message.body));
    const { id, recordingId, mediaSessionId } = event.detail;
    log.appendKeys({ eventId: id, recordingId, mediaSessionId, tries });
    const secret = await readSecret(env.WEBHOOK_SECRET_ARN, webhookSecretSchema);
    await postWebhook(env.WEBHOOK_URL, webhookMessage(event, secret, new Date()), {
      rules: env.WEBHOOK_RULES,
      lookup: lookupBySystem,
    });
    log.info('the endpoint has taken an event');
  } catch (error) {
    if (error instanceof NotTakenError && error.isGone) {
      log.error('the endpoint wants no events any more (410): this one is dropped. Take it out of webhooks');
      return;
    }
    const asked = error instanceof NotTakenError ? error.retryAfterSeconds : undefined;
    const afterSeconds = webhookRetrySeconds(tries, Math.random(), asked);
    log.warn('the endpoint did not take an event; it is sent again', { error: error as Error, afterSeconds });
    await queue.comeAgain(message.receiptHandle, afterSeconds);
    throw error;
  }
}
