import { Logger } from '@aws-lambda-powertools/logger';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { settleAsk } from '../../../functions/core/protocol/asks.ts';
import { isUnsuspected, needsOwnTask } from '../../../functions/core/protocol/poison.ts';
import type { RecordingObjects } from '../../../functions/core/state/fold.ts';
import { attemptKey } from '../../../functions/core/state/keys.ts';
import type { End, Job } from '../../../functions/core/state/objects.ts';
import type { Aftermath } from '../../../functions/mending/aftermath.ts';
import { Settling } from '../../../functions/mending/settling.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const ID = '01K00000000000000000000001';
const job = { recordingId: ID } as Job;
const claim = (attempt: number, claimedAtMs: number) => ({
  attempt,
  claimedAtMs,
  runId: `run-${attempt}`,
  hostId: 'h',
});
const interrupted = (attempt: number, by: string): End => ({
  attempt,
  endedAtMs: 1,
  by,
  reason: { code: 'interrupted', message: '' },
});
const dead = (attempt: number, by = 'host h'): End => interrupted(attempt, by);
const death = (attempt: number, endedAtMs: number) =>
  settleAsk({
    recordingId: ID,
    attempt,
    runId: `run-${attempt}`,
    reason: 'SIGKILL',
    by: 'host h',
    endedAtMs,
    died: true,
  });
const objects = (attempts: RecordingObjects['attempts']): RecordingObjects => ({
  job,
  attempts,
  parts: new Map(),
});

describe('a recording whose process died', () => {
  it('goes on with others, if it is older than a minute', () => {
    expect(needsOwnTask(objects(new Map([[1, { claim: claim(1, 0) }]])), dead(1), { diedAtMs: 60_000 })).toBe(
      false,
    );
  });

  it('has a task of its own when it has just begun', () => {
    expect(needsOwnTask(objects(new Map([[1, { claim: claim(1, 0) }]])), dead(1), { diedAtMs: 59_999 })).toBe(
      true,
    );
  });

  it('is as old as it was when it has just been handed over', () => {
    const handedOver: End = {
      ...interrupted(1, 'recorder'),
      reason: { code: 'handed_over', message: '' },
    };
    const attempts = objects(
      new Map([
        [1, { claim: claim(1, 0), end: handedOver }],
        [2, { claim: claim(2, 80_000) }],
      ]),
    );
    expect(needsOwnTask(attempts, dead(2), { diedAtMs: 90_000 })).toBe(false);
    expect(needsOwnTask(attempts, dead(2), { diedAtMs: 59_999 })).toBe(true);
  });

  it('has one when it was there at another death, and not for an end that was told', () => {
    const second = (by: string) =>
      objects(
        new Map([
          [1, { claim: claim(1, 0), end: interrupted(1, by) }],
          [2, { claim: claim(2, 0) }],
        ]),
      );
    expect(needsOwnTask(second('host h'), dead(2), { diedAtMs: 90_000 })).toBe(true);
    expect(needsOwnTask(second('recorder'), dead(2), { diedAtMs: 90_000 })).toBe(false);
    expect(needsOwnTask(second('host h'), dead(2, 'recorder'), { diedAtMs: 90_000 })).toBe(false);
  });

  it('has one when the death before is not settled yet', () => {
    const unsettled = objects(
      new Map([
        [1, { claim: claim(1, 0) }],
        [2, { claim: claim(2, 0) }],
      ]),
    );
    expect(needsOwnTask(unsettled, dead(2), { diedAtMs: 90_000 })).toBe(true);
  });

  it('keeps it when that died as well, however it was launched', () => {
    const alone = objects(
      new Map([
        [1, { claim: claim(1, 0), end: interrupted(1, 'host h') }],
        [2, { claim: { attempt: 2, claimedAtMs: 0, runId: 'run-2' } }],
      ]),
    );
    expect(needsOwnTask(alone, dead(2, 'task-stopped'), { diedAtMs: 90_000 })).toBe(true);
  });

  it('is asked for by its host where it needs none for certain', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 200_000 }),
        (attempt, carriedMs) => {
          if (!isUnsuspected(attempt, carriedMs)) return;
          // Claimed a little before its host heard of it.
          const known = objects(new Map([[attempt, { claim: claim(attempt, 1_000) }]]));
          expect(needsOwnTask(known, dead(attempt), { diedAtMs: 1_000 + carriedMs })).toBe(false);
        },
      ),
    );
    expect([isUnsuspected(1, 60_000), isUnsuspected(1, 59_999), isUnsuspected(2, 600_000)]).toEqual([
      ...[true, false, false],
    ]);
  });
});

describe('an attempt that ended inside a host', () => {
  let store: MemoryStore;
  let settled: string[];
  const log = new Logger({ logLevel: 'SILENT' });
  const settling = () =>
    new Settling({
      store: store as never,
      aftermath: { of: async () => void settled.push('settled') } as unknown as Aftermath,
      settleQueue: { send: async () => undefined },
      tasks: { run: async () => undefined },
    });

  beforeEach(() => {
    store = new MemoryStore();
    settled = [];
  });

  it('is settled when its claim is of that run', async () => {
    store.put(attemptKey(ID, 1, 'claim'), claim(1, 0));
    await settling().settle({ ...death(1, 1), died: false }, log);
    expect(settled).toEqual(['settled']);
  });

  it('is left alone when nobody or another run has claimed it: a stale or forged message', async () => {
    await settling().settle(death(1, 1), log);
    store.put(attemptKey(ID, 1, 'claim'), { ...claim(1, 0), runId: 'another' });
    await settling().settle(death(1, 1), log);
    expect(settled).toEqual([]);
  });
});
