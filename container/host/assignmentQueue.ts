import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

export interface ReceivedAssignment {
  readonly body: unknown;
  readonly receiptHandle: string;
}

const POLL_SECONDS = 20;

/** Where hosts find recordings to carry, one at a time. */
export class AssignmentQueue {
  readonly #sqs: SQSClient;
  readonly #url: string;

  constructor(sqs: SQSClient, url: string) {
    this.#sqs = sqs;
    this.#url = url;
  }

  /**
   * Waits for the next one; undefined when none came. @param ending a poll that is given up may hide a message until its
   * visibility is over: it is let return, and what it brings put back
   */
  async receive(ending: AbortSignal): Promise<ReceivedAssignment | undefined> {
    const polled = this.#sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#url,
        MaxNumberOfMessages: 1,
        WaitTimeSeconds: POLL_SECONDS,
      }),
    );
    const given = polled.then(({ Messages }) => received(Messages?.[0]));
    const ended = new Promise<undefined>((resolve) =>
      ending.addEventListener('abort', () => resolve(undefined), { once: true }),
    );
    const first = await Promise.race([given, ended]);
    if (first === undefined && ending.aborted) {
      // Nobody waits for it any more: whoever is left takes it.
      given.then((late) => (late === undefined ? undefined : this.putBack(late, 0))).catch(() => undefined);
    }
    return first;
  }

  async done({ receiptHandle }: ReceivedAssignment): Promise<void> {
    await this.#sqs.send(new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: receiptHandle }));
  }

  async putBack({ receiptHandle }: ReceivedAssignment, afterSeconds: number): Promise<void> {
    await this.#sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.#url,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: afterSeconds,
      }),
    );
  }
}

function received(
  message: { readonly Body?: string | undefined; readonly ReceiptHandle?: string | undefined } | undefined,
): ReceivedAssignment | undefined {
  if (message?.ReceiptHandle === undefined) return undefined;
  return { body: parsed(message.Body ?? ''), receiptHandle: message.ReceiptHandle };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
