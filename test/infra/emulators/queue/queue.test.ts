import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { failing, QueuesForTests } from './queuesForTests.ts';

const queues = new QueuesForTests();

describe('a queue', () => {
  it('hands records out as SQS does', async () => {
    const queue = queues.make();
    const { deliver, batches, answer } = queues.consumer();
    queue.start(deliver);
    queue.send('{"Records":[]}');
    expect(batches).toEqual([
      {
        Records: [
          {
            messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            receiptHandle: expect.stringMatching(/./),
            body: '{"Records":[]}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: '1000000',
              SenderId: expect.stringMatching(/./),
              ApproximateFirstReceiveTimestamp: '1000000',
            },
            messageAttributes: {},
            md5OfBody: '4166b95044745e0c1033678bdad8d7de',
            eventSource: 'aws:sqs',
            eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:relocation',
            awsRegion: 'us-east-1',
          },
        ],
      },
    ]);
    await answer(0, { batchItemFailures: [] });
    expect(queue.pending).toBe(0);
    await queues.time.pass(60_000);
    expect(batches).toHaveLength(1);
  });

  it('makes batches, a bounded number at once', async () => {
    const queue = queues.make({ maxBatches: 2 });
    for (const body of ['1', '2', '3', '4', '5', '6', '7']) queue.send(body);
    const { deliver, bodies, answer } = queues.consumer();
    queue.start(deliver);
    expect(bodies()).toEqual([
      ['1', '2', '3'],
      ['4', '5', '6'],
    ]);
    await answer(1, null);
    expect(bodies()[2]).toEqual(['7']);
    expect(queue.pending).toBe(4);
  });

  it('brings back the one that failed, after the visibility time-out, and not the others', async () => {
    const queue = queues.make();
    for (const body of ['a', 'b', 'c']) queue.send(body);
    const { deliver, batches, bodies, answer } = queues.consumer();
    queue.start(deliver);
    await queues.time.pass(1_000);
    await answer(0, failing(batches[0], 'b'));
    expect(queue.pending).toBe(1);
    await queues.time.pass(3_999);
    expect(batches).toHaveLength(1);
    await queues.time.pass(1);
    expect(bodies()[1]).toEqual(['b']);
    expect(batches[1]?.Records[0]?.attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: '1000000',
    });
    expect(batches[1]?.Records[0]?.receiptHandle).not.toBe(batches[0]?.Records[1]?.receiptHandle);
  });

  it.each([1, 2, 3])(
    'brings it back also where the timer comes early, by a clock that goes on after %i looks',
    async (looks) => {
      let behind = 0;
      const queue = queues.make({
        clock: {
          nowMs: () => queues.time.nowMs() - (behind-- > 0 ? 1 : 0),
          after: (delayMs, run) =>
            queues.time.after(delayMs, () => {
              behind = looks;
              run();
            }),
        },
      });
      queue.send('a');
      const { deliver, batches, bodies, answer } = queues.consumer();
      queue.start(deliver);
      await answer(0, failing(batches[0], 'a'));
      await queues.time.pass(5_000);
      await queues.time.pass(1);
      expect(bodies()).toEqual([['a'], ['a']]);
    },
  );

  it('brings back all of a batch whose function failed', async () => {
    const queue = queues.make();
    queue.send('a');
    queue.send('b');
    const { deliver, bodies, fail } = queues.consumer();
    queue.start(deliver);
    await fail(0);
    await queues.time.pass(5_000);
    expect(bodies()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('does not hand out what the function still has', async () => {
    const queue = queues.make();
    queue.send('slow');
    const { deliver, batches, answer } = queues.consumer();
    queue.start(deliver);
    await queues.time.pass(20_000);
    expect(batches).toHaveLength(1);
    await answer(0, failing(batches[0], 'slow'));
    await queues.time.pass(0);
    expect(batches).toHaveLength(2);
  });

  it('puts away what was tried too often; it can be put back', async () => {
    const queue = queues.make();
    queue.send('poison');
    const { deliver, batches, fail, answer } = queues.consumer();
    queue.start(deliver);
    const drained = queue.drained();
    for (let tries = 0; tries < 3; tries++) {
      await fail(tries);
      await queues.time.pass(5_000);
    }
    expect(batches).toHaveLength(3);
    expect(queues.buried).toEqual(['poison']);
    expect(queue.deadLetters).toEqual(['poison']);
    expect(queue.pending).toBe(0);
    await drained;

    queue.redrive();
    expect(queue.deadLetters).toEqual([]);
    expect(batches[3]?.Records[0]?.attributes.ApproximateReceiveCount).toBe('1');
    await answer(3, null);
    expect(queue.pending).toBe(0);
  });

  it('is drained when the last message is done', async () => {
    const queue = queues.make();
    queue.send('a');
    const { deliver, answer } = queues.consumer();
    queue.start(deliver);
    let settled = false;
    const drained = queue.drained().then(() => {
      settled = true;
    });
    await nextTurn();
    expect(settled).toBe(false);
    await answer(0, null);
    await drained;
    await queue.drained();
  });
});
