import { WEBHOOK_TRIES } from '../../functions/core/webhooks/retries.ts';
import { EventSourceMapping } from '../emulators/queue/mapping.ts';
import { Queue } from '../emulators/queue/queue.ts';
import { type QueueServer, startQueueServer } from '../emulators/queue/server.ts';
import type { Access } from '../emulators/shared/access.ts';
import { WEBHOOK_QUEUE } from '../optionalFunctions.ts';
import { ASSIGNMENTS, type FunctionName, QUEUES, type QueueName, RELOCATION } from '../wiring.ts';
import type { Closers } from './closers.ts';
import type { Invocation } from './lambda/functions.ts';

export interface LocalQueuesOptions {
  /** Of a file in the data folder. */
  readonly file: (name: string) => string;
  readonly region: string;
  readonly accountId: string;
  readonly relocationVisibilityMs: number;
  readonly onDeadLetter: (body: string) => void;
  readonly access: Access;
  /** Names of the queues of endpoints that are told of events. */
  readonly webhooks: readonly string[];
  readonly onWebhookDeadLetter: (body: string) => void;
  readonly onDefect: (error: unknown) => void;
}

/** On one machine whoever failed is tried again soon. */
const ASK_VISIBILITY_MS = 5_000;

/** The deployment's queues: the one that records go through to the library, and those by which functions ask. */
export class LocalQueues {
  readonly relocation: Queue;
  readonly asks: Readonly<Record<QueueName, Queue>>;
  readonly server: QueueServer;
  readonly #closers: Closers;
  readonly #webhooks: readonly Queue[];

  static async start(options: LocalQueuesOptions, closers: Closers): Promise<LocalQueues> {
    const { file, region, accountId, onDeadLetter } = options;
    const relocation = new Queue({
      region,
      accountId,
      file: file('queue.jsonl'),
      name: RELOCATION.function,
      maxReceiveCount: RELOCATION.maxReceiveCount,
      visibilityTimeoutMs: options.relocationVisibilityMs,
      onDeadLetter,
    });
    closers.add(() => relocation.close());
    const ask = (name: QueueName, retentionSeconds: number): Queue => {
      const queue = new Queue({
        region,
        accountId,
        file: file(`${name}-queue.jsonl`),
        name,
        visibilityTimeoutMs: ASK_VISIBILITY_MS,
        retentionMs: retentionSeconds * 1000,
      });
      closers.add(() => queue.close());
      return queue;
    };
    const asks = {
      launch: ask('launch', QUEUES.launch.retentionSeconds),
      settle: ask('settle', QUEUES.settle.retentionSeconds),
      clips: ask('clips', QUEUES.clips.retentionSeconds),
      assignments: ask('assignments', ASSIGNMENTS.retentionSeconds),
    };
    const webhooks = options.webhooks.map((name) => {
      const queue = new Queue({
        region,
        accountId,
        file: file(`${name}-queue.jsonl`),
        name,
        visibilityTimeoutMs: WEBHOOK_QUEUE.visibilityTimeoutSeconds * 1000,
        maxReceiveCount: WEBHOOK_TRIES,
        onDeadLetter: options.onWebhookDeadLetter,
      });
      closers.add(() => queue.close());
      return queue;
    });
    const server = await startQueueServer({
      accountId,
      access: options.access,
      queues: [relocation, ...Object.values(asks), ...webhooks],
      onDefect: options.onDefect,
    });
    closers.add(() => server.close());
    return new LocalQueues(relocation, asks, webhooks, server, closers);
  }

  private constructor(
    relocation: Queue,
    asks: Readonly<Record<QueueName, Queue>>,
    webhooks: readonly Queue[],
    server: QueueServer,
    closers: Closers,
  ) {
    this.relocation = relocation;
    this.asks = asks;
    this.#webhooks = webhooks;
    this.server = server;
    this.#closers = closers;
  }

  /** Hands each queue's messages to its function. */
  connect(invoke: (name: FunctionName, event: unknown) => Promise<Invocation>): void {
    const connect = (queue: Queue, name: FunctionName, batchSize: number): void => {
      const mapping = new EventSourceMapping({ queue, batchSize });
      this.#closers.add(() => mapping.close());
      mapping.start(async (event) => {
        const invocation = await invoke(name, event);
        if (!invocation.ok) throw new Error(`${invocation.errorType}: ${invocation.errorMessage}`);
        return invocation.payload;
      });
    };
    connect(this.relocation, RELOCATION.function, RELOCATION.batchSize);
    for (const name of Object.keys(QUEUES) as (keyof typeof QUEUES)[])
      connect(this.asks[name], QUEUES[name].function, QUEUES[name].batchSize);
  }

  /** The queue of an endpoint, by its name. */
  webhook(name: string): Queue {
    const found = this.#webhooks.find((queue) => queue.name === name);
    if (found === undefined) throw new Error(`there is no queue ${name}`);
    return found;
  }

  /** Nothing that functions were asked for now is still under way; what is to be tried later is. */
  get isQuiet(): boolean {
    return [this.asks.launch, this.asks.settle].every((queue) => {
      const { visible, inFlight } = queue.counts();
      return visible + inFlight === 0;
    });
  }
}
