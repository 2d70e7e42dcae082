import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { assignment, launchAsk, NO_QUEUE } from '../core/protocol/asks.ts';
import type { Launcher } from '../core/protocol/ports.ts';

/** SQS takes no longer delay. */
const MAX_DELAY_SECONDS = 900;

/** One standard queue, whose messages are JSON. */
export class MessageQueue {
  readonly #sqs: SQSClient;
  readonly #url: string;

  constructor(sqs: SQSClient, url: string) {
    this.#sqs = sqs;
    this.#url = url;
  }

  /** @param delayMs SQS counts in seconds: rounded up */
  async send(message: object, delayMs = 0): Promise<void> {
    await this.#sqs.send(
      new SendMessageCommand({
        QueueUrl: this.#url,
        MessageBody: JSON.stringify(message),
        DelaySeconds: Math.min(MAX_DELAY_SECONDS, Math.ceil(delayMs / 1000)),
      }),
    );
  }

  /** The message of this receipt comes again after so long, whatever the queue's visibility time-out is. */
  async comeAgain(receiptHandle: string, afterSeconds: number): Promise<void> {
    await this.#sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.#url,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: afterSeconds,
      }),
    );
  }
}

/** Hosts that have room take a recording within so long. */
const LAUNCH_AFTER_MS = 3_000;

/** Asks hosts, where there are any; and `launch` for what none of them has taken. */
export function recorderAsks(sqs: SQSClient, launchQueue: MessageQueue, assignmentsUrl: string): Launcher {
  if (assignmentsUrl === NO_QUEUE) return launchAsks(launchQueue);
  const assignments = new MessageQueue(sqs, assignmentsUrl);
  return {
    run: async (recordingId, attempt) => {
      // The net first: whoever dies in between has it.
      await launchQueue.send(launchAsk(recordingId, attempt, Date.now()), LAUNCH_AFTER_MS);
      await assignments.send(assignment(recordingId, attempt));
    },
  };
}

/**
 * Asks for a task of its own, and does not wait for one: the function `launch` gets it. So neither a start nor a hook fails
 * because ECS is busy.
 */
export function launchAsks(launchQueue: MessageQueue): Launcher {
  return {
    run: (recordingId, attempt) => launchQueue.send(launchAsk(recordingId, attempt, Date.now())),
  };
}
