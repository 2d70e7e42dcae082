import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AssignmentQueue, ReceivedAssignment } from '../../../container/host/assignmentQueue.ts';
import type { HostState } from '../../../container/host/hostState.ts';
import { Protection } from '../../../container/host/protection.ts';
import { Supervisor } from '../../../container/host/supervisor.ts';
import { assignment, type SettleAsks, settleAsksSchema } from '../../../functions/core/protocol/asks.ts';
import { waitFor } from '../../support/children.ts';

const HOST = 'host-1';
const log = new Logger({ logLevel: 'SILENT' });

/** A queue that gives what a test puts in, and remembers what became of it. */
class Assignments implements Pick<AssignmentQueue, 'receive' | 'done' | 'putBack'> {
  readonly fates: string[] = [];
  readonly #waiting: ReceivedAssignment[] = [];
  #wake: () => void = () => undefined;

  give(name: string, body: unknown): void {
    this.#waiting.push({ receiptHandle: name, body });
    this.#wake();
  }

  async receive(ending: AbortSignal): Promise<ReceivedAssignment | undefined> {
    if (this.#waiting.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        ending.addEventListener('abort', () => resolve(), { once: true });
      });
    return this.#waiting.shift();
  }

  async done({ receiptHandle }: ReceivedAssignment): Promise<void> {
    this.fates.push(`${receiptHandle}: done`);
  }

  async putBack({ receiptHandle }: ReceivedAssignment): Promise<void> {
    this.fates.push(`${receiptHandle}: put back`);
  }
}

describe('what a host is given', () => {
  let folder: string;
  let assignments: Assignments;
  let settled: unknown[];
  /** Names of workers, and what had been settled by then. */
  let saved: [string, number][];
  let carried: Set<string>;
  /** Of which somebody else launches the next attempt, if this host does not claim it. */
  let secured: string[];
  /** Of which any host may take the next attempt. */
  let asked: string[];
  /** Until then the launch queue has not answered. */
  let isSecured: Promise<void>;
  let runs: number;
  let supervisor: Supervisor;
  let ended: Promise<void>;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'supervisor-'));
    assignments = new Assignments();
    settled = [];
    saved = [];
    carried = new Set();
    secured = [];
    asked = [];
    const state = {
      carry: async ({ recordingId }) => void carried.add(recordingId),
      drop: async ({ recordingId }) => void carried.delete(recordingId),
      keepProgress: async () => undefined,
      tellStatus: async () => undefined,
      removeStatus: async () => undefined,
      asked: async () => ({ recordingIds: [], retire: false }),
      hostIds: async () => [HOST],
      heartbeatOf: async () => undefined,
    } satisfies Partial<HostState>;
    [isSecured, runs] = [Promise.resolve(), 0];
    supervisor = new Supervisor({
      env: {
        ...{ LANDING_BUCKET: 'b', EVENT_BUS_NAME: 'e', ASSIGNMENTS_QUEUE_URL: 'a', SETTLE_QUEUE_URL: 's' },
        ...{ LAUNCH_QUEUE_URL: 'l', SPOOL_DIR: folder },
        // Room is not what is tested.
        ...{ HOST_CPU_UNITS: 1_000_000, HOST_MEMORY_MB: 1_000_000, MAX_RECORDINGS: 40 },
      },
      ...{ hostId: HOST, taskArn: undefined, log },
      state: state as unknown as HostState,
      assignments: assignments as unknown as AssignmentQueue,
      protection: new Protection(undefined, log),
      handOver: async () => undefined,
      goOn: async ({ recordingId }) => void asked.push(recordingId),
      secure: async ({ recordingId }) => {
        secured.push(recordingId);
        await isSecured;
      },
      tellGone: async () => undefined,
      settle: async (message) => void settled.push(message),
      saveLeft: async (worker) => void saved.push([worker, settled.length]),
      workerFile: path.join(import.meta.dirname, 'fixtures', 'worker.ts'),
      ageMaxMs: Number.POSITIVE_INFINITY,
      clock: { nowMs: Date.now },
      newRunId: () => {
        runs += 1;
        return `run-${runs}`;
      },
    });
    ended = supervisor.run();
  });
  afterEach(async () => {
    supervisor.end();
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  const fates = (count: number) =>
    waitFor(`${count} messages`, () =>
      assignments.fates.length >= count ? assignments.fates.toSorted() : undefined,
    );

  it('is begun once, however often it comes, and not for an attempt that another one follows', async () => {
    assignments.give('first', assignment('one', 2));
    assignments.give('again', assignment('one', 2));
    assignments.give('stale', assignment('one', 1));
    expect(await fates(3)).toEqual(['again: done', 'first: done', 'stale: done']);
    expect(supervisor.carried).toEqual([{ recordingId: 'one', attempt: 2, runId: 'run-1' }]);
  });

  it('begins beside others that wait for their claim, each recording once, and few of them', async () => {
    for (const name of ['one', 'two', 'three']) assignments.give(name, assignment(`waits ${name}`, 1));
    assignments.give('one again', assignment('waits one', 1));
    expect(await fates(1)).toEqual(['one again: done']);
    // The fourth claims, and so do those before it.
    assignments.give('four', assignment('claims', 1));
    expect(await fates(5)).toEqual([
      'four: done',
      'one again: done',
      'one: done',
      'three: done',
      'two: done',
    ]);
    for (const name of ['a', 'b', 'c', 'd']) assignments.give(name, assignment(`waits ${name}`, 1));
    await waitFor('four of them', () => (carried.size === 8 ? true : undefined));
    assignments.give('fifth', assignment('fifth', 1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(carried.has('fifth')).toBe(false);
  });

  it('is left to others where it is not understood, or is not for this host', async () => {
    assignments.give('broken', undefined);
    assignments.give('of a later version', { ...assignment('later', 1), version: 2 });
    assignments.give('forged', { version: 1, recordingId: 7, attempt: -1 });
    assignments.give('own', assignment('handed over', 2, HOST));
    assignments.give('good', assignment('good', 1));
    expect(await fates(2)).toEqual(['good: done', 'own: put back']);
    expect([...carried]).toEqual(['good']);
  });

  it('is done with where nobody waits for it, and leaves nothing behind', async () => {
    assignments.give('taken', assignment('taken', 1));
    expect(await fates(1)).toEqual(['taken: done']);
    await waitFor('nothing carried', () => (carried.size === 0 ? true : undefined));
    expect([supervisor.carried, settled]).toEqual([[], []]);
  });

  it('and ends, is told of before it is forgotten', async () => {
    assignments.give('short', assignment('short', 1));
    await waitFor('its end', () => (settled.length > 0 && carried.size === 0 ? true : undefined));
    expect(settled).toMatchObject([
      { recordingId: 'short', died: false, reason: expect.stringContaining('source_ended') },
    ]);
  });

  it('and kills its worker, comes again, and takes those beside it along: all are told of together', async () => {
    assignments.give('beside', assignment('beside', 1));
    await fates(1);
    assignments.give('deadly', assignment('deadly', 1));
    const [asks] = await waitFor('what is told', () => (settled.length > 0 ? settled : undefined));
    const told: SettleAsks = settleAsksSchema.parse(asks);
    expect(told.asks.map(({ recordingId, died }) => [recordingId, died])).toEqual([
      ['beside', true],
      ['deadly', true],
    ]);
    // What it left on the disk is in S3 by then.
    expect(saved).toEqual([[expect.stringMatching(/^[0-9a-f-]{36}$/), 0]]);
    // Whether it was begun is not known: the message comes again.
    expect(assignments.fates).toEqual(['beside: done']);
    assignments.give('next', assignment('next', 1));
    expect(await fates(2)).toEqual(['beside: done', 'next: done']);
  });

  it('and cannot have killed its worker, goes on here in another one at once', async () => {
    assignments.give('old', assignment('old', 1));
    await fates(1);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
    assignments.give('young', assignment('deadly', 1));
    await waitFor('its next attempt', () => (supervisor.carried[0]?.attempt === 2 ? true : undefined));
    await waitFor('what is told', () => (settled.length > 0 ? true : undefined));
    expect(supervisor.carried).toEqual([{ recordingId: 'old', attempt: 2, runId: expect.any(String) }]);
    // Where this host dies as well, somebody launches it; no queue has it beside.
    expect([secured, asked]).toEqual([['old'], []]);
  });

  it('and which this host was given by a queue meanwhile, is begun once', async () => {
    assignments.give('old', assignment('old', 1));
    await fates(1);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
    const { promise, resolve } = Promise.withResolvers<void>();
    isSecured = promise;
    assignments.give('young', assignment('deadly', 1));
    await waitFor('its net', () => (secured.length > 0 ? true : undefined));
    assignments.give('asked by others', assignment('old', 2));
    await fates(2);
    resolve();
    await waitFor('what is told', () => (settled.length > 0 && !carried.has('deadly') ? true : undefined));
    // A second run would be refused, and remove what says that the first one is here.
    expect(runs).toBe(3);
  });

  it('and whose next worker dies before it has claimed it, is left to whoever launches it', async () => {
    assignments.give('old', assignment('dies again', 1));
    await fates(1);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
    assignments.give('young', assignment('deadly', 1));
    await waitFor('both deaths', () => (secured.length > 0 && carried.size === 0 ? true : undefined));
    await waitFor('an end', () => (supervisor.carried.length === 0 ? true : undefined));
    expect([secured, asked]).toEqual([['dies again'], []]);
    // Each death is told, of that attempt too: who settles it finds that nobody has claimed it.
    await waitFor('what is told', () => (settled.length > 1 ? true : undefined));
    const told = settled.map((message) => settleAsksSchema.parse(message).asks);
    expect(told.map((asks) => asks.map(({ recordingId, attempt }) => `${recordingId} ${attempt}`))).toEqual([
      ['dies again 1', 'deadly 1'],
      ['dies again 2'],
    ]);
  });

  it('and had a worker that died, is for any host once this one is told to end', async () => {
    assignments.give('old', assignment('dies when interrupted', 1));
    await fates(1);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
    supervisor.end();
    await ended;
    expect([secured, asked, supervisor.carried]).toEqual([[], ['dies when interrupted'], []]);
  });

  it('is put back, or left, once the host is told to end', async () => {
    supervisor.end();
    await ended;
    assignments.give('late', assignment('late', 1));
    expect([assignments.fates, [...carried]]).toEqual([[], []]);
  });
});
