import * as z from 'zod';
import type { Access } from '../shared/access.ts';
import { AwsError, type Operation, operation, serveAwsJson } from '../shared/awsJson.ts';
import { Faults } from '../shared/faults.ts';
import type { Right } from '../shared/policy.ts';
import { md5 } from './mapping.ts';
import type { Queue, Received } from './queue.ts';

export interface QueueServerOptions {
  /** 0, the default, lets the system pick. */
  readonly port?: number;
  readonly accountId?: string;
  readonly queues: readonly Queue[];
  readonly faults?: Faults;
  /** Who there is, and what each may do; without it everybody may do everything. */
  readonly access?: Access;
  /** Told of defects: what the endpoint itself threw. The standard error by default. */
  readonly onDefect?: (error: unknown) => void;
}

export interface QueueServer {
  readonly url: string;
  readonly faults: Faults;
  queueUrl(name: string): string;
  close(): Promise<void>;
}

const MAX_MESSAGE_BYTES = 1024 * 1024;
const HOURS_12_SECONDS = 43_200;
/** What XML 1.0 has: SQS takes nothing else in a body. */
const ALLOWED = /^(?:[\t\n\r]|[^\p{Cc}\p{Cs}\uFFFE\uFFFF]|[\x7F-\x9F])*$/u;

const notOffered = z.undefined('is not offered by this endpoint').optional();
const queueUrl = z.string('is a required argument').min(1);
const receiptHandle = z.string('is a required argument').min(1);
const seconds = (max: number) => z.int().min(0).max(max, `must be from 0 to ${max}`);

const sendMessage = z.object({
  QueueUrl: queueUrl,
  MessageBody: z
    .string('is a required argument')
    .min(1)
    .regex(ALLOWED, 'holds characters that are not allowed')
    .refine((body) => Buffer.byteLength(body) <= MAX_MESSAGE_BYTES, 'is longer than 1048576 bytes'),
  DelaySeconds: seconds(900).default(0),
  MessageAttributes: notOffered,
  MessageGroupId: notOffered,
  MessageDeduplicationId: notOffered,
});
const receiveMessage = z.object({
  QueueUrl: queueUrl,
  MaxNumberOfMessages: z.int().min(1).max(10, 'must be from 1 to 10').default(1),
  VisibilityTimeout: seconds(HOURS_12_SECONDS).optional(),
  WaitTimeSeconds: seconds(20).default(0),
});
const deleteMessage = z.object({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle });
const changeMessageVisibility = deleteMessage.extend({ VisibilityTimeout: seconds(HOURS_12_SECONDS) });
const getQueueAttributes = z.object({ QueueUrl: queueUrl });
const getQueueUrl = z.object({ QueueName: z.string('is a required argument') });

/**
 * The embedded SQS endpoint: standard queues over AWS's JSON 1.0, as `@aws-sdk/client-sqs` speaks it. It offers
 * SendMessage, ReceiveMessage (long polling too), DeleteMessage, ChangeMessageVisibility, GetQueueAttributes (how many
 * messages there are) and GetQueueUrl. No batches, attributes of messages or FIFO queues.
 *
 * A poll whose caller has gone takes nothing. SQS may still give it a message, which is then hidden until its
 * visibility time-out is over: whoever polls must be ready for that, and nothing can be made of it on purpose.
 *
 * A fault rule's `match` is tried on the queue's name.
 * @throws the listen error, such as EADDRINUSE
 */
export async function startQueueServer(options: QueueServerOptions): Promise<QueueServer> {
  const { accountId = '000000000000', queues } = options;
  const onDefect = options.onDefect ?? ((error) => console.error('SQS endpoint:', error));
  const faults = options.faults ?? new Faults();
  const closing = new AbortController();

  /** @param orDead its dead letters will do */
  function find(name: string, orDead = false): Queue {
    const queue = queues.find(
      (one) => one.name === name || (orDead && `${one.name}${DEAD_LETTERS}` === name),
    );
    if (queue === undefined) {
      throw new AwsError(
        'com.amazonaws.sqs#QueueDoesNotExist',
        'The specified queue does not exist.',
        {},
        400,
      );
    }
    return queue;
  }

  /** "Actions, resources, and condition keys for Amazon SQS": each operation is a right of its name, on its queue. */
  const rightsOn = (name: string, action: string): Right[] => {
    const { arn } = find(name, true);
    return [
      { action: `sqs:${action}`, resource: name.endsWith(DEAD_LETTERS) ? `${arn}${DEAD_LETTERS}` : arn },
    ];
  };

  function on<Schema extends z.ZodType<{ readonly QueueUrl: string }>>(
    action: string,
    schema: Schema,
    reads: boolean,
    run: (queue: Queue, input: z.infer<Schema>, gone: AbortSignal) => object | Promise<object>,
    orDead = false,
  ): Operation {
    return operation(schema, 'InvalidParameterValue', {
      reads,
      target: ({ QueueUrl }) => nameIn(QueueUrl),
      rights: ({ QueueUrl }) => rightsOn(nameIn(QueueUrl), action),
      run: (input, gone) => run(find(nameIn(input.QueueUrl), orDead), input, gone),
    });
  }

  const service = await serveAwsJson({
    service: 'sqs',
    jsonVersion: '1.0',
    targetPrefix: 'AmazonSQS',
    faults,
    access: options.access,
    onDefect,
    ...(options.port === undefined ? {} : { port: options.port }),
    operations: {
      SendMessage: on('SendMessage', sendMessage, false, (queue, { MessageBody, DelaySeconds }) => ({
        MessageId: queue.send(MessageBody, DelaySeconds * 1000),
        MD5OfMessageBody: md5(MessageBody),
      })),
      ReceiveMessage: on('ReceiveMessage', receiveMessage, true, async (queue, input, gone) => {
        const { MaxNumberOfMessages: max, VisibilityTimeout, WaitTimeSeconds } = input;
        const visibility =
          VisibilityTimeout === undefined ? {} : { visibilityTimeoutMs: VisibilityTimeout * 1000 };
        const ended = AbortSignal.any([gone, closing.signal]);
        const received = await queue.receive({ max, ...visibility }, WaitTimeSeconds * 1000, ended);
        return received.length === 0 ? {} : { Messages: received.map(view) };
      }),
      DeleteMessage: on('DeleteMessage', deleteMessage, false, (queue, { ReceiptHandle }) => {
        // Deleting what is gone, or was received again, is no error there either.
        checkReceipt(ReceiptHandle);
        queue.delete(ReceiptHandle);
        return {};
      }),
      ChangeMessageVisibility: on(
        'ChangeMessageVisibility',
        changeMessageVisibility,
        false,
        (queue, input) => {
          checkReceipt(input.ReceiptHandle);
          if (!queue.changeVisibility(input.ReceiptHandle, input.VisibilityTimeout * 1000))
            throw new AwsError('com.amazonaws.sqs#MessageNotInflight', 'The message is not in flight.');
          return {};
        },
      ),
      GetQueueAttributes: on(
        'GetQueueAttributes',
        getQueueAttributes,
        true,
        (queue, { QueueUrl }) => {
          const isDead = QueueUrl.endsWith(DEAD_LETTERS);
          const { visible, inFlight, delayed } = isDead
            ? { visible: queue.deadLetters.length, inFlight: 0, delayed: 0 }
            : queue.counts();
          return {
            Attributes: {
              QueueArn: isDead ? `${queue.arn}${DEAD_LETTERS}` : queue.arn,
              ApproximateNumberOfMessages: String(visible),
              ApproximateNumberOfMessagesNotVisible: String(inFlight),
              ApproximateNumberOfMessagesDelayed: String(delayed),
            },
          };
        },
        true,
      ),
      GetQueueUrl: operation(getQueueUrl, 'InvalidParameterValue', {
        reads: true,
        target: ({ QueueName }) => QueueName,
        rights: ({ QueueName }) => rightsOn(QueueName, 'GetQueueUrl'),
        run: ({ QueueName }) => ({ QueueUrl: urlOf(find(QueueName).name) }),
      }),
    },
  });
  const urlOf = (name: string): string => `${service.url}/${accountId}/${name}`;

  return {
    url: service.url,
    faults,
    queueUrl: (name) => urlOf(find(name).name),
    close() {
      closing.abort();
      return service.close();
    },
  };
}

/** The dead letters of a queue as a queue of their own, of which there is a count alone. */
const DEAD_LETTERS = '-dead-letters';
/** @param queue its URL, or its ARN */
export const deadLettersOf = (queue: string): string => `${queue}${DEAD_LETTERS}`;

const nameIn = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** Receipts are ours: anything else was never handed out. */
function checkReceipt(handle: string): void {
  if (z.uuid().safeParse(handle).success) return;
  throw new AwsError('com.amazonaws.sqs#ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
}

function view({ id, receiptHandle: ReceiptHandle, body, ...times }: Received): object {
  return {
    MessageId: id,
    ReceiptHandle,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: {
      ApproximateReceiveCount: String(times.receiveCount),
      SentTimestamp: String(times.sentAtMs),
      ApproximateFirstReceiveTimestamp: String(times.firstReceivedAtMs),
    },
  };
}
