import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach } from 'vitest';
import { type Deliver, EventSourceMapping } from '../../../../infra/emulators/queue/mapping.ts';
import { Queue, type QueueClock, type QueueOptions } from '../../../../infra/emulators/queue/queue.ts';

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

/** The queues of one test after the other, each with its own time and file. */
export class QueuesForTests {
  time = new ManualTime();
  /** What was put away, in order. */
  readonly buried: string[] = [];
  readonly #open = new Set<MappedQueue>();
  readonly #unanswered: PromiseWithResolvers<unknown>[] = [];
  #folder = '';

  constructor() {
    beforeEach(async () => {
      this.#folder = await mkdtemp(path.join(tmpdir(), 'queue-'));
      this.time = new ManualTime();
      this.buried.length = 0;
    });
    afterEach(async () => {
      for (const answer of this.#unanswered.splice(0)) answer.resolve(null);
      await Promise.all([...this.#open].map((queue) => this.close(queue)));
      await rm(this.#folder, { recursive: true, force: true });
    });
  }

  get file(): string {
    return path.join(this.#folder, 'deep', 'queue.jsonl');
  }

  make({
    maxBatches,
    ...options
  }: Partial<QueueOptions> & { readonly maxBatches?: number } = {}): MappedQueue {
    const queue = new MappedQueue(
      {
        file: this.file,
        name: 'relocation',
        region: 'us-east-1',
        accountId: '000000000000',
        visibilityTimeoutMs: 5_000,
        maxReceiveCount: 3,
        onDeadLetter: (body) => this.buried.push(body),
        clock: this.time,
        ...options,
      },
      maxBatches,
    );
    this.#open.add(queue);
    return queue;
  }

  async close(queue: MappedQueue): Promise<void> {
    this.#open.delete(queue);
    await queue.end();
  }

  /** A function whose batches are seen and answered by the test. */
  consumer() {
    const batches: SQSEvent[] = [];
    const answers: PromiseWithResolvers<unknown>[] = [];
    return {
      batches,
      bodies: () => batches.map(({ Records }) => Records.map((record) => record.body)),
      deliver: (event: SQSEvent) => {
        batches.push(event);
        const answer = Promise.withResolvers<unknown>();
        answers.push(answer);
        this.#unanswered.push(answer);
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
}

export const failing = (event: SQSEvent | undefined, ...bodies: string[]) => ({
  batchItemFailures: (event?.Records ?? [])
    .filter((record) => bodies.includes(record.body))
    .map((record) => ({ itemIdentifier: record.messageId })),
});
