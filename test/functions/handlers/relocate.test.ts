import type { Context, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MOVE_CONTINUES } from '../../../functions/core/events/published.ts';
import { Queue } from '../../../infra/emulators/queue/queue.ts';
import { type QueueServer, startQueueServer } from '../../../infra/emulators/queue/server.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { folderForTests } from '../../support/forTests.ts';
import { MoveBench } from '../relocation/bench.ts';
import { expectMovedOnce } from '../relocation/expectations.ts';
import type { Landed } from '../relocation/landed.ts';

const folder = folderForTests();
let nowMs = 1_000_000;
let bench: MoveBench;
let queue: Queue;
let sqs: QueueServer;

beforeAll(async () => {
  bench = await MoveBench.start();
  queue = new Queue({
    region: 'us-east-1',
    accountId: '000000000000',
    file: folder.file('queue.jsonl'),
    name: 'relocate',
    visibilityTimeoutMs: 1_800_000,
    clock: { nowMs: () => nowMs, after: () => () => undefined },
  });
  sqs = await startQueueServer({ queues: [queue] });
  const environment = {
    ...bench.environment,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    RELOCATION_QUEUE_URL: sqs.queueUrl('relocate'),
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sqs.close();
  queue.close();
  await bench.close();
});

const context = { getRemainingTimeInMillis: () => 300_000 } as Context;

/** A key in a notification of S3's is URL-encoded, with + for a space. */
function created(key: string): unknown {
  const encoded = encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
  return {
    Records: [{ eventName: 'ObjectCreated:CompleteMultipartUpload', s3: { object: { key: encoded } } }],
  };
}

/** @param receiptHandle by default one that SQS does not know */
function record(messageId: string, body: string, receiptHandle = 'none', receiveCount = 1): unknown {
  return {
    messageId,
    body,
    receiptHandle,
    attributes: { ApproximateReceiveCount: String(receiveCount) },
  };
}

async function handle(bodies: Readonly<Record<string, string>>): Promise<string[]> {
  const { handler } = await import('../../../functions/handlers/relocate.ts');
  const Records = Object.entries(bodies).map(([messageId, body]) => record(messageId, body));
  const answer = await handler({ Records } as unknown as SQSEvent, context);
  return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort();
}

const land = (streamName: string): Promise<Landed> => bench.land(patternBytes(2000), { streamName });

it('moves each record of a batch; a message that fails, fails alone', async () => {
  const landed = await Promise.all([land('plain'), land('a b+c & ä/Ж?'), land('continued')]);
  const [plain, odd, continued] = landed as [Landed, Landed, Landed];
  const changed = await land('changed');
  await bench.put('landing', changed.key, Buffer.from('not what final.json says'), { part: '1' });

  const failed = await handle({
    plain: JSON.stringify(created(plain.key)),
    odd: JSON.stringify(created(odd.key)),
    continued: JSON.stringify({ 'detail-type': MOVE_CONTINUES, detail: { key: continued.key } }),
    testEvent: JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'landing' }),
    removed: JSON.stringify({
      Records: [{ eventName: 'ObjectRemoved:Delete', s3: { object: { key: 'records/x' } } }],
    }),
    stranger: JSON.stringify(created('records/strange/thing')),
    gone: JSON.stringify(created('records/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/gone.mp4')),
    changed: JSON.stringify(created(changed.key)),
    notJson: 'hello',
  });
  expect(failed).toEqual(['changed', 'notJson']);
  for (const one of landed) await expectMovedOnce(bench, one);
  expect(await bench.keys('landing', changed.key)).toEqual([changed.key]);
});

it('reports all of a batch when all of it fails', async () => {
  expect(await handle({ one: '{', two: '[' })).toEqual(['one', 'two']);
});

it('tries a record again soon, and later each time, and not when the queue would', async () => {
  const { handler } = await import('../../../functions/handlers/relocate.ts');
  queue.send('not JSON');
  for (const waitSeconds of [15, 60, 60]) {
    const [message] = queue.take({ max: 1 });
    if (message === undefined) throw new Error('no message');
    const { id, body, receiptHandle, receiveCount } = message;
    const Records = [record(id, body, receiptHandle, receiveCount)];
    const answer = await handler({ Records } as unknown as SQSEvent, context);
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: id }]);
    nowMs += waitSeconds * 1000 - 1;
    expect(queue.take({ max: 1 })).toEqual([]);
    nowMs += 1;
  }
});
