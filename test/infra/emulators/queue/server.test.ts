import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Queue } from '../../../../infra/emulators/queue/queue.ts';
import { type QueueServer, startQueueServer } from '../../../../infra/emulators/queue/server.ts';

let folder: string;
let queue: Queue;
let server: QueueServer;
let sqs: SQSClient;
let QueueUrl: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sqs-'));
  await begin();
});

afterEach(async () => {
  await end();
  await rm(folder, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  queue = new Queue({
    file: path.join(folder, 'asks.jsonl'),
    name: 'asks',
    region: 'us-east-1',
    accountId: '000000000000',
    visibilityTimeoutMs: 30_000,
  });
  server = await startQueueServer({ queues: [queue] });
  QueueUrl = server.queueUrl('asks');
  sqs = new SQSClient({
    endpoint: server.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

async function end(): Promise<void> {
  sqs.destroy();
  await server.close();
  queue.close();
}

const send = (MessageBody: string, DelaySeconds?: number) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));

async function receive(WaitTimeSeconds = 0, VisibilityTimeout?: number) {
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      WaitTimeSeconds,
      VisibilityTimeout,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
  );
  return answer.Messages ?? [];
}

const bodies = async (waitSeconds = 0) => (await receive(waitSeconds)).map(({ Body }) => Body);

describe('the SQS endpoint, as the SDK meets it', () => {
  it('hands a message to one receiver, until it is deleted', async () => {
    const { MessageId } = await send('{"a":"ü"}');
    const [message, ...others] = await receive();
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      MessageId,
      Body: '{"a":"ü"}',
      Attributes: { ApproximateReceiveCount: '1' },
    });
    expect(await bodies()).toEqual([]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
    expect(queue.pending).toBe(0);
  });

  it('answers a long poll as soon as there is a message', async () => {
    const polled = receive(20);
    await delay(50);
    await send('a');
    expect(await polled).toHaveLength(1);
  });

  it('gives one message to one of many polls', async () => {
    const polls = [receive(20), receive(20), receive(20)];
    await delay(50);
    for (const body of ['a', 'b', 'c']) await send(body);
    const taken = (await Promise.all(polls)).map((messages) => messages.map(({ Body }) => Body));
    expect(taken.flat().sort()).toEqual(['a', 'b', 'c']);
  });

  it('holds back what is delayed', async () => {
    await send('later', 900);
    expect(await bodies()).toEqual([]);
    await send('late', 1);
    expect(await bodies(20)).toEqual(['late']);
  });

  it('brings a message back when its visibility time-out is over, or at once when that is set to 0', async () => {
    await send('a');
    await receive(0, 1);
    const [again] = await receive(20);
    expect(again?.Attributes?.ApproximateReceiveCount).toBe('2');
    const { ReceiptHandle } = again ?? {};
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    expect(await bodies()).toEqual(['a']);
  });

  it('loses nothing to a poll that was given up', async () => {
    const gone = new AbortController();
    const polled = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: gone.signal,
    });
    await delay(50);
    gone.abort();
    await expect(polled).rejects.toThrow('aborted');
    await delay(50);
    await send('a');
    expect(await bodies()).toEqual(['a']);
  });

  it('an old receipt deletes nothing', async () => {
    await send('a');
    const [first] = await receive(0, 0);
    await receive();
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    expect(queue.pending).toBe(1);
  });

  it('outlives its process: messages, delays and in-flight times', async () => {
    await send('held');
    await receive();
    await send('late', 900);
    await send('there');
    await end();
    await begin();
    expect(await bodies()).toEqual(['there']);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '2',
      ApproximateNumberOfMessagesDelayed: '1',
    });
  });

  it('refuses what SQS refuses', async () => {
    await expect(send('')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(send('a\u0000')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(send('a', 901)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(receive(21)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    const unknown = sqs.send(new GetQueueUrlCommand({ QueueName: 'other' }));
    await expect(unknown).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    const forged = sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'forged' }));
    await expect(forged).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
    await send('b');
    const [message] = await receive(0, 0);
    const { ReceiptHandle } = message ?? {};
    const notInFlight = sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 }),
    );
    await expect(notInFlight).rejects.toMatchObject({ name: 'MessageNotInflight' });
  });

  it('fails where a fault rule says so', async () => {
    server.faults.add({
      service: 'sqs',
      operation: 'SendMessage',
      match: 'asks',
      action: { kind: 'throttle' },
    });
    await expect(send('a')).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(queue.pending).toBe(0);
  });
});
