import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failing, QueuesForTests } from './queuesForTests.ts';

const queues = new QueuesForTests();

describe('the file of a queue', () => {
  it('lets a second start go on: pending, in flight, counted, dead', async () => {
    const first = queues.make({ maxReceiveCount: 1, maxBatches: 1 });
    for (const body of ['done', 'dead', 'held']) first.send(body);
    const before = queues.consumer();
    first.start(before.deliver);
    await before.answer(0, failing(before.batches[0], 'dead', 'held'));
    first.send('in flight');
    first.send('not tried');
    // Nobody closes it: the process was killed here. `dead` has been received once, so this start buries it.
    const second = queues.make({ maxReceiveCount: 1 });
    expect(second.pending).toBe(4);
    const after = queues.consumer();
    second.start(after.deliver);
    expect(after.bodies()).toEqual([['not tried']]);
    expect(queues.buried.sort()).toEqual(['dead', 'held', 'in flight']);
    await after.answer(0, null);
    await queues.close(second);

    const third = queues.make();
    expect(third.pending).toBe(0);
    expect([...third.deadLetters].sort()).toEqual(['dead', 'held', 'in flight']);
    third.redrive();
    expect(third.pending).toBe(3);
  });

  it('keeps the receive count and the first time', async () => {
    const first = queues.make();
    first.send('a');
    first.start(queues.consumer().deliver);
    await queues.time.pass(70);
    const { deliver, batches } = queues.consumer();
    queues.make().start(deliver);
    expect(batches[0]?.Records[0]?.attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      SentTimestamp: '1000000',
      ApproximateFirstReceiveTimestamp: '1000000',
    });
  });

  it('is empty when all is done', async () => {
    const queue = queues.make();
    const { deliver, answer } = queues.consumer();
    queue.start(deliver);
    queue.send('a');
    expect(readFileSync(queues.file, 'utf8')).toContain('"a"');
    await answer(0, null);
    expect(readFileSync(queues.file, 'utf8')).toBe('');
    queue.send('b');
    expect(readFileSync(queues.file, 'utf8').split('\n')).toHaveLength(3);
    await answer(1, null);
  });

  it('may end in the middle of a line', async () => {
    const first = queues.make();
    first.send('whole');
    await queues.close(first);
    appendFileSync(queues.file, '{"op":"send","id":"half","bo');
    const second = queues.make();
    expect(second.pending).toBe(1);
    second.send('next');
    await queues.close(second);
    expect(queues.make().pending).toBe(2);
  });

  it('that is damaged is not taken for empty', async () => {
    await queues.close(queues.make());
    appendFileSync(queues.file, 'not JSON\n');
    expect(() => queues.make()).toThrow(SyntaxError);
  });
});
