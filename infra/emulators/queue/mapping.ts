import { createHash } from 'node:crypto';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { Queue, Received } from './queue.ts';
import { failedMessages } from './response.ts';

export interface EventSourceMappingOptions {
  readonly queue: Queue;
  readonly batchSize: number;
  /** How many batches are out at once. */
  readonly maxBatches?: number;
}

/**
 * Hands a batch to the function. What it answers is SQSBatchResponse (ReportBatchItemFailures); what it throws fails
 * the whole batch.
 */
export type Deliver = (event: SQSEvent) => Promise<unknown>;

const MAX_BATCHES = 2;

/**
 * Lambda's event source mapping between a queue and a function: batches, partial failures.
 *
 * A message is not handed out again while the function still has it, however long that takes: AWS asks for a visibility
 * time-out longer than the function's own, and here it may be shorter, for quick tries on one machine.
 */
export class EventSourceMapping {
  readonly #options: EventSourceMappingOptions;
  readonly #batches = new Set<Promise<void>>();
  #deliver: Deliver | undefined;
  #stopListening: (() => void) | undefined;

  constructor(options: EventSourceMappingOptions) {
    this.#options = options;
  }

  start(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#stopListening = this.#options.queue.onVisible(() => this.#pump());
    this.#pump();
  }

  /** Hands out nothing more, and settles when the batches that are out have come back. */
  async close(): Promise<void> {
    this.#deliver = undefined;
    this.#stopListening?.();
    while (this.#batches.size > 0) await Promise.all(this.#batches);
  }

  /** Hands out what is visible, as far as there are hands. */
  #pump(): void {
    const { queue, batchSize, maxBatches = MAX_BATCHES } = this.#options;
    while (this.#deliver !== undefined && this.#batches.size < maxBatches) {
      const batch = queue.take({ max: batchSize, held: true });
      if (batch.length === 0) return;
      const run = this.#hand(batch, this.#deliver).finally(() => {
        this.#batches.delete(run);
        this.#pump();
      });
      this.#batches.add(run);
    }
  }

  async #hand(batch: readonly Received[], deliver: Deliver): Promise<void> {
    const { queue } = this.#options;
    const ids = batch.map(({ id }) => id);
    const failed = await deliver({ Records: batch.map((message) => record(queue, message)) }).then(
      (response) => failedMessages(response, ids),
      // The function failed: it has logged why, and every message of the batch comes again.
      () => new Set(ids),
    );
    for (const { id, receiptHandle } of batch) {
      if (failed.has(id)) queue.letGo(receiptHandle);
      else queue.delete(receiptHandle);
    }
  }
}

function record(queue: Queue, message: Received): SQSRecord {
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAtMs),
      SenderId: 'AIDAIT2UOQQY3AUEKVGXU',
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
    },
    messageAttributes: {},
    md5OfBody: md5(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: queue.region,
  };
}

/** As SQS gives it, for its clients to check. */
export function md5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
