import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Logger } from '@aws-lambda-powertools/logger';
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
import { roomLeftAskSchema } from '../core/rooms/left.ts';
import { mergeAskSchema } from '../core/rooms/merge.ts';
import { mergeLeftRoom } from '../rooms/automaticMerging.ts';
import { setUpMergeMaking } from '../rooms/setup.ts';

const setup = once(() => {
  const { CLIPS_QUEUE_URL, RECORDING_DEFAULTS } = readEnv(['CLIPS_QUEUE_URL', 'RECORDING_DEFAULTS']);
  return {
    ...setUpClipMaking(),
    merging: setUpMergeMaking(),
    queue: new MessageQueue(new SQSClient(), CLIPS_QUEUE_URL),
    settings: RECORDING_DEFAULTS,
  };
});

const messageSchema = z.union([clipAskSchema, mergeAskSchema, roomLeftAskSchema, joinWantedSchema]);

/** Kept for the ranges that are being copied, and for what follows. */
const RESERVED_MS = 60_000;
/** A part that is still recorded, or on its way to the library, is looked for again after so long. */
const WAIT_MS = 15_000;

/**
 * The clips queue: makes a clip, all parts of a recording that has ended into one, or a room, also one that everybody has left.
 * What fails comes again.
 */
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
  const { queue } = setup();
  try {
    const ask = messageSchema.parse(JSON.parse(body));
    const againMs = await againAfter(ask, { messageId, log, hasTime });
    if (againMs !== undefined) await queue.send(ask, againMs);
  } catch (error) {
    if (error instanceof OutOfTime) {
      log.info('it is gone on with in another call');
      await queue.send(JSON.parse(body) as object);
      return;
    }
    log.error('a clip or a merge was not made; the message comes again', error as Error);
    throw error;
  }
}

/** @returns when it is to be looked at again; undefined where all is done */
async function againAfter(
  ask: z.infer<typeof messageSchema>,
  by: { readonly messageId: string; readonly log: Logger; readonly hasTime: () => boolean },
): Promise<number | undefined> {
  const { making, merging, store, queue, settings } = setup();
  const { messageId, log, hasTime } = by;
  if ('mergeId' in ask) {
    const step = await merging.make(ask.mergeId, log, hasTime);
    return step === 'settled' ? undefined : step.againMs;
  }
  if ('leftBy' in ask) {
    const ports = { store, queue, clock: { nowMs: Date.now }, settings };
    const step = await mergeLeftRoom(ports, ask.leftBy, messageId, log);
    return step === 'settled' ? undefined : step.againMs;
  }
  const made =
    'detail' in ask
      ? await joinWanted({ store, queue }, ask.detail.recordingId, messageId, log)
      : await making.make(ask, log, hasTime);
  return made === 'waiting' ? WAIT_MS : undefined;
}
