import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { assignment, type LaunchAsk, launchAsk, NO_QUEUE } from '../core/protocol/asks.ts';
import type { Clock, Launcher } from '../core/protocol/ports.ts';

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

/** How many messages a queue has, about. */
export async function queueCounts(
  sqs: SQSClient,
  url: string,
): Promise<{ readonly waiting: number; readonly inFlight: number; readonly delayed: number }> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return {
    waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}

/** Hosts that have room take a recording within so long. */
const LAUNCH_AFTER_MS = 3_000;

/** Asks hosts, where there are any; and `launch` for what none of them has taken. */
export function recorderAsks(sqs: SQSClient, launchQueue: MessageQueue, assignmentsUrl: string): Launcher {
  const apart = launchAsks(launchQueue);
  if (assignmentsUrl === NO_QUEUE) return apart;
  const assignments = new MessageQueue(sqs, assignmentsUrl);
  return {
    run: (recordingId, attempt, isApart = false) =>
      isApart
        ? apart.run(recordingId, attempt)
        : askHosts(launchQueue, assignments, { recordingId, attempt, askedAtMs: Date.now() }),
  };
}

/** The net first: whoever dies in between has it. */
async function askHosts(
  launchQueue: MessageQueue,
  assignments: MessageQueue,
  asked: AskedAttempt,
  avoidHostId?: string,
): Promise<void> {
  await askLater(launchQueue, asked);
  await assignments.send(assignment(asked.recordingId, asked.attempt, avoidHostId));
}

type AskedAttempt = Pick<LaunchAsk, 'recordingId' | 'attempt' | 'askedAtMs'>;

/** For a task, of what no host has claimed by then. */
const askLater = (
  launchQueue: MessageQueue,
  { recordingId, attempt, askedAtMs }: AskedAttempt,
): Promise<void> =>
  launchQueue.send(launchAsk(recordingId, attempt, askedAtMs, { hostsWereAsked: true }), LAUNCH_AFTER_MS);

/** A host asks for the next attempts of what it carries. */
export class NextAsks {
  readonly #launchQueue: MessageQueue;
  readonly #assignments: MessageQueue;
  readonly #clock: Clock;

  /** @param clock the function that launches has a deadline by its own: it is to agree with that */
  constructor(
    sqs: SQSClient,
    env: { readonly LAUNCH_QUEUE_URL: string; readonly ASSIGNMENTS_QUEUE_URL: string },
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#launchQueue = new MessageQueue(sqs, env.LAUNCH_QUEUE_URL);
    this.#assignments = new MessageQueue(sqs, env.ASSIGNMENTS_QUEUE_URL);
  }

  /** @param avoidHostId that hands it over */
  next(recordingId: string, attempt: number, avoidHostId?: string): Promise<void> {
    const asked = { recordingId, attempt, askedAtMs: this.#clock.nowMs() };
    return askHosts(this.#launchQueue, this.#assignments, asked, avoidHostId);
  }

  /** The net alone: the host itself takes the attempt. */
  secure(recordingId: string, attempt: number): Promise<void> {
    return askLater(this.#launchQueue, { recordingId, attempt, askedAtMs: this.#clock.nowMs() });
  }
}

/**
 * Asks for a task of its own, and does not wait for one: the function `launch` gets it. So neither a start nor a hook fails
 * because ECS is busy.
 */
export function launchAsks(launchQueue: MessageQueue, clock: Clock = { nowMs: Date.now }): Launcher {
  return {
    run: (recordingId, attempt) => launchQueue.send(launchAsk(recordingId, attempt, clock.nowMs())),
  };
}
