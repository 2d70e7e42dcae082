import path from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { MessageQueue } from '../../functions/aws/queues.ts';
import { assignment } from '../../functions/core/protocol/asks.ts';
import { outcomeKey, partKey, stopKey } from '../../functions/core/state/keys.ts';
import { outcomeSchema, type Stop } from '../../functions/core/state/objects.ts';
import { finalPartSchema, openPartSchema } from '../../functions/core/state/partObjects.ts';
import { Queue } from '../../infra/emulators/queue/queue.ts';
import { type QueueServer, startQueueServer } from '../../infra/emulators/queue/server.ts';
import { ASSIGNMENTS, HOST_TASK } from '../../infra/wiring.ts';
import { type Child, waitFor } from '../../test/support/children.ts';
import type { RecorderPlace } from './place.ts';
import { childrenOf } from './processes.ts';

const LOOK_MS = 50;
const QUEUES = ['assignments', 'settle', 'launch'] as const;

/** Hosts as their image runs them, with their workers, and the queue that gives them recordings. */
export class HostPlace {
  readonly #place: RecorderPlace;
  readonly #queues: QueueServer;
  readonly #assignments: MessageQueue;
  readonly #hosts: readonly Child[];
  readonly #recordings: string[] = [];

  private constructor(place: RecorderPlace, queues: QueueServer, hosts: readonly Child[]) {
    this.#place = place;
    this.#queues = queues;
    this.#hosts = hosts;
    const sqs = new SQSClient({
      endpoint: queues.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench-secret' },
    });
    this.#assignments = new MessageQueue(sqs, queues.queueUrl('assignments'));
  }

  static async start(place: RecorderPlace, count = 1): Promise<HostPlace> {
    const queues = await startQueueServer({
      queues: QUEUES.map(
        (name) =>
          new Queue({
            name,
            region: 'us-east-1',
            accountId: '000000000000',
            file: path.join(place.folder, `${name}.json`),
            visibilityTimeoutMs: ASSIGNMENTS.visibilityTimeoutSeconds * 1_000,
          }),
      ),
    });
    const environment = {
      ASSIGNMENTS_QUEUE_URL: queues.queueUrl('assignments'),
      SETTLE_QUEUE_URL: queues.queueUrl('settle'),
      LAUNCH_QUEUE_URL: queues.queueUrl('launch'),
      AWS_ENDPOINT_URL_SQS: queues.url,
      // Room is not what is measured.
      HOST_CPU_UNITS: '65536',
      HOST_MEMORY_MB: '65536',
      MAX_RECORDINGS: String(HOST_TASK.maxRecordings),
    };
    const hosts = Array.from({ length: count }, () => place.spawn(['host'], environment));
    return new HostPlace(place, queues, hosts);
  }

  /** Settles when its first part has been opened. */
  async record(url: string): Promise<void> {
    await this.recordTogether(url, 1);
  }

  /** Asks for recordings at once. @returns after how long the first, the second, … had an upload for its part, in ms */
  async recordTogether(url: string, count: number): Promise<readonly number[]> {
    const ids = await Promise.all(Array.from({ length: count }, () => this.#place.createJob(url)));
    this.#recordings.push(...ids);
    const uploads = async (): Promise<number> => {
      const { CreateMultipartUpload: begun = 0 } = await this.#place.calls();
      return begun;
    };
    const before = await uploads();
    const askedAt = performance.now();
    await Promise.all(ids.map((recordingId) => this.#assignments.send(assignment(recordingId, 1))));
    // Whoever looked for each would take the CPU that they need.
    const began: number[] = [];
    await waitFor(
      'an upload for each',
      async () => {
        const begun = (await uploads()) - before;
        while (began.length < begun) began.push(performance.now() - askedAt);
        return begun >= count ? true : undefined;
      },
      { everyMs: LOOK_MS, timeoutMs: 60_000 },
    );
    await Promise.all(ids.map((recordingId) => this.#opens(recordingId)));
    return began;
  }

  async #opens(recordingId: string): Promise<void> {
    await waitFor(
      'the first part',
      async () => {
        const ended = this.#hosts.find(({ running }) => !running);
        if (ended !== undefined) throw new Error(`a host ended: ${ended.output}`);
        return (await this.#place.store.read(partKey(recordingId, 1, 'open'), openPartSchema)) ?? undefined;
      },
      { everyMs: LOOK_MS, timeoutMs: 60_000 },
    );
  }

  /** The supervisors, and their workers, without ffmpeg. */
  get pids(): readonly number[] {
    return [...this.#supervisors, ...this.workerPids];
  }

  get workerPids(): readonly number[] {
    return this.#supervisors.flatMap(childrenOf);
  }

  get #supervisors(): readonly number[] {
    return this.#hosts.map(({ process }) => process.pid ?? 0);
  }

  /** Ends all recordings, and waits for their records. @returns how long each is, in ms */
  async stop(): Promise<readonly number[]> {
    const stop: Stop = { requestedAtMs: Date.now(), by: 'bench', reason: 'bench' };
    const { store } = this.#place;
    await Promise.all(this.#recordings.map((id) => store.create(stopKey(id), stop)));
    for (const host of this.#hosts) host.process.kill('SIGTERM');
    return Promise.all(
      this.#recordings.map(async (id) => {
        await waitFor(
          'the outcome',
          async () => {
            const outcome = await store.read(outcomeKey(id), outcomeSchema);
            if (outcome !== undefined && outcome.value.status !== 'finished')
              throw new Error(this.#hosts.map(({ output }) => output).join(''));
            return outcome;
          },
          { timeoutMs: 60_000 },
        );
        return (await store.read(partKey(id, 1, 'final'), finalPartSchema))?.value.durationMs ?? 0;
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop('SIGKILL')));
    await this.#queues.close();
  }
}
