import { appendFileSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Deliver, EventSourceMapping } from '../../../../infra/emulators/queue/mapping.ts';
import { Queue, type QueueClock, type QueueOptions } from '../../../../infra/emulators/queue/queue.ts';
import { failedMessages } from '../../../../infra/emulators/queue/response.ts';

/** Time that passes when the test says so. */
class ManualTime implements QueueClock {
  #nowMs = 1_000_000;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  async pass(durationMs: number): Promise<void> {
    this.#nowMs += durationMs;
    const due = this.#timers.filter((timer) => timer.atMs <= this.#nowMs);
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.#nowMs);
    for (const timer of due) timer.run();
    await nextTurn();
  }
}

let folder: string;
let time: ManualTime;
const open = new Set<MappedQueue>();
const unanswered: PromiseWithResolvers<unknown>[] = [];
const buried: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'queue-'));
  time = new ManualTime();
  buried.length = 0;
});

afterEach(async () => {
  for (const answer of unanswered.splice(0)) answer.resolve(null);
  await Promise.all([...open].map((queue) => close(queue)));
  await rm(folder, { recursive: true, force: true });
});

const file = () => path.join(folder, 'deep', 'queue.jsonl');

/** A queue with a function behind it. */
class MappedQueue extends Queue {
  readonly #mapping: EventSourceMapping;

  constructor(options: QueueOptions, maxBatches: number | undefined) {
    super(options);
    this.#mapping = new EventSourceMapping({
      queue: this,
      batchSize: 3,
      ...(maxBatches === undefined ? {} : { maxBatches }),
    });
  }

  start(deliver: Deliver): void {
    this.#mapping.start(deliver);
  }

  async end(): Promise<void> {
    await this.#mapping.close();
    this.close();
  }
}

function make({
  maxBatches,
  ...options
}: Partial<QueueOptions> & { readonly maxBatches?: number } = {}): MappedQueue {
  const queue = new MappedQueue(
    {
      file: file(),
      name: 'relocation',
      region: 'us-east-1',
      accountId: '000000000000',
      visibilityTimeoutMs: 5_000,
      maxReceiveCount: 3,
      onDeadLetter: (body) => buried.push(body),
      clock: time,
      ...options,
    },
    maxBatches,
  );
  open.add(queue);
  return queue;
}

async function close(queue: MappedQueue): Promise<void> {
  open.delete(queue);
  await queue.end();
}

/** A function whose batches are seen and answered by the test. */
function consumer() {
  const batches: SQSEvent[] = [];
  const answers: PromiseWithResolvers<unknown>[] = [];
  return {
    batches,
    bodies: () => batches.map(({ Records }) => Records.map((record) => record.body)),
    deliver: (event: SQSEvent) => {
      batches.push(event);
      const answer = Promise.withResolvers<unknown>();
      answers.push(answer);
      unanswered.push(answer);
      return answer.promise;
    },
    async answer(batch: number, response: unknown): Promise<void> {
      answers[batch]?.resolve(response);
      await nextTurn();
    },
    async fail(batch: number): Promise<void> {
      answers[batch]?.reject(new Error('the function failed'));
      await nextTurn();
    },
  };
}

const failing = (event: SQSEvent | undefined, ...bodies: string[]) => ({
  batchItemFailures: (event?.Records ?? [])
    .filter((record) => bodies.includes(record.body))
    .map((record) => ({ itemIdentifier: record.messageId })),
});

describe('a queue', () => {
  it('hands records out as SQS does', async () => {
    const queue = make();
    const { deliver, batches, answer } = consumer();
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
    await time.pass(60_000);
    expect(batches).toHaveLength(1);
  });

  it('makes batches, a bounded number at once', async () => {
    const queue = make({ maxBatches: 2 });
    for (const body of ['1', '2', '3', '4', '5', '6', '7']) queue.send(body);
    const { deliver, bodies, answer } = consumer();
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
    const queue = make();
    for (const body of ['a', 'b', 'c']) queue.send(body);
    const { deliver, batches, bodies, answer } = consumer();
    queue.start(deliver);
    await time.pass(1_000);
    await answer(0, failing(batches[0], 'b'));
    expect(queue.pending).toBe(1);
    await time.pass(3_999);
    expect(batches).toHaveLength(1);
    await time.pass(1);
    expect(bodies()[1]).toEqual(['b']);
    expect(batches[1]?.Records[0]?.attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: '1000000',
    });
    expect(batches[1]?.Records[0]?.receiptHandle).not.toBe(batches[0]?.Records[1]?.receiptHandle);
  });

  it('brings back all of a batch whose function failed', async () => {
    const queue = make();
    queue.send('a');
    queue.send('b');
    const { deliver, bodies, fail } = consumer();
    queue.start(deliver);
    await fail(0);
    await time.pass(5_000);
    expect(bodies()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('does not hand out what the function still has', async () => {
    const queue = make();
    queue.send('slow');
    const { deliver, batches, answer } = consumer();
    queue.start(deliver);
    await time.pass(20_000);
    expect(batches).toHaveLength(1);
    await answer(0, failing(batches[0], 'slow'));
    await time.pass(0);
    expect(batches).toHaveLength(2);
  });

  it('puts away what was tried too often; it can be put back', async () => {
    const queue = make();
    queue.send('poison');
    const { deliver, batches, fail, answer } = consumer();
    queue.start(deliver);
    const drained = queue.drained();
    for (let tries = 0; tries < 3; tries++) {
      await fail(tries);
      await time.pass(5_000);
    }
    expect(batches).toHaveLength(3);
    expect(buried).toEqual(['poison']);
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
    const queue = make();
    queue.send('a');
    const { deliver, answer } = consumer();
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

describe('its file', () => {
  it('lets a second start go on: pending, in flight, counted, dead', async () => {
    const first = make({ maxReceiveCount: 1, maxBatches: 1 });
    for (const body of ['done', 'dead', 'held']) first.send(body);
    const before = consumer();
    first.start(before.deliver);
    await before.answer(0, failing(before.batches[0], 'dead', 'held'));
    first.send('in flight');
    first.send('not tried');
    // Nobody closes it: the process was killed here. `dead` has been received once, so this start buries it.
    const second = make({ maxReceiveCount: 1 });
    expect(second.pending).toBe(4);
    const after = consumer();
    second.start(after.deliver);
    expect(after.bodies()).toEqual([['not tried']]);
    expect(buried.sort()).toEqual(['dead', 'held', 'in flight']);
    await after.answer(0, null);
    await close(second);

    const third = make();
    expect(third.pending).toBe(0);
    expect([...third.deadLetters].sort()).toEqual(['dead', 'held', 'in flight']);
    third.redrive();
    expect(third.pending).toBe(3);
  });

  it('keeps the receive count and the first time', async () => {
    const first = make();
    first.send('a');
    first.start(consumer().deliver);
    await time.pass(70);
    const { deliver, batches } = consumer();
    make().start(deliver);
    expect(batches[0]?.Records[0]?.attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      SentTimestamp: '1000000',
      ApproximateFirstReceiveTimestamp: '1000000',
    });
  });

  it('is empty when all is done', async () => {
    const queue = make();
    const { deliver, answer } = consumer();
    queue.start(deliver);
    queue.send('a');
    expect(readFileSync(file(), 'utf8')).toContain('"a"');
    await answer(0, null);
    expect(readFileSync(file(), 'utf8')).toBe('');
    queue.send('b');
    expect(readFileSync(file(), 'utf8').split('\n')).toHaveLength(3);
    await answer(1, null);
  });

  it('may end in the middle of a line', async () => {
    const first = make();
    first.send('whole');
    await close(first);
    appendFileSync(file(), '{"op":"send","id":"half","bo');
    const second = make();
    expect(second.pending).toBe(1);
    second.send('next');
    await close(second);
    expect(make().pending).toBe(2);
  });

  it('that is damaged is not taken for empty', async () => {
    await close(make());
    appendFileSync(file(), 'not JSON\n');
    expect(() => make()).toThrow(SyntaxError);
  });
});

it.each([
  ['nothing', null, []],
  ['no list', {}, []],
  ['an empty list', { batchItemFailures: [] }, []],
  ['a null list', { batchItemFailures: null }, []],
  ['one', { batchItemFailures: [{ itemIdentifier: 'b' }] }, ['b']],
  ['an unknown id', { batchItemFailures: [{ itemIdentifier: 'x' }] }, ['a', 'b']],
  ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }, ['a', 'b']],
  ['an element without an id', { batchItemFailures: [{}] }, ['a', 'b']],
  ['a text', 'done', ['a', 'b']],
])('a response that names %s', (_name, response, failed) => {
  expect([...failedMessages(response, ['a', 'b'])]).toEqual(failed);
});
