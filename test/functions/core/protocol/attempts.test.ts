import { beforeEach, describe, expect, it } from 'vitest';
import { beginEnding } from '../../../../functions/core/protocol/attempt.ts';
import { voidClaim } from '../../../../functions/core/protocol/claim.ts';
import { missingAttempt } from '../../../../functions/core/protocol/settle.ts';
import {
  attemptKey,
  endingKey,
  lockKey,
  outcomeKey,
  stopKey,
} from '../../../../functions/core/state/keys.ts';
import { lockSchema } from '../../../../functions/core/state/objects.ts';
import { AttemptBench } from './attemptBench.ts';

let bench: AttemptBench;
beforeEach(async () => {
  bench = new AttemptBench();
  await bench.start();
});
const launched = () => bench.launcher.launched.map((one) => Number(one.split('-')[1]));

describe('a defect of the recorder', () => {
  it.each(['recorder_failed', 'storage_failed'] as const)(
    '(%s) ends no recording: another attempt follows',
    async (code) => {
      await bench.begin(1);
      await bench.record(1);
      await beginEnding(bench.ports, bench.job, 1, { code, message: '' });
      await bench.end(1, code);
      expect([bench.outcome, bench.store.objects.has(endingKey(bench.recordingId))]).toEqual([
        undefined,
        false,
      ]);
      expect(await bench.gone(1)).toEqual({ kind: 'relaunched', attempt: 2 });
      await bench.begin(2);
      await bench.record(2);
      await bench.end(2, 'source_ended');
      expect(bench.outcome).toMatchObject({ status: 'finished', reason: { code: 'source_ended' }, parts: 2 });
    },
  );

  it('that comes again and again does, after five attempts that were short', async () => {
    let attempt = 1;
    for (let kind = 'relaunched'; kind === 'relaunched' && attempt < 20; attempt++) {
      await bench.begin(attempt);
      // One that records for a while begins the count anew.
      if (attempt === 2) bench.clock.timeMs += 60_000;
      await bench.end(attempt, 'recorder_failed');
      kind = (await bench.gone(attempt)).kind;
    }
    expect(attempt - 1).toBe(2 + 5);
    expect(bench.outcome).toMatchObject({ reason: { code: 'recorder_failed' } });
    expect(bench.outcome?.reason.message).toContain('After 5 attempts in a row');
  });
});

it('a recorder that says how the recording ended frees its session, and nobody has to mend that', async () => {
  await bench.begin(1);
  await bench.record(1);
  await bench.end(1, 'source_ended');
  expect(bench.store.value(lockKey(bench.job.mediaSessionId), lockSchema)?.releasedAtMs).toBeDefined();
});

it('a stop that comes as the next attempt is asked for ends that, and does not wait until it begins', async () => {
  await bench.begin(1);
  const stopped: string[] = [];
  bench.ports.stopTasks = async (recordingId: string) => void stopped.push(recordingId);
  const run = bench.launcher.run.bind(bench.launcher);
  bench.launcher.run = async (...asked) => {
    bench.store.put(stopKey(bench.recordingId), { requestedAtMs: 1, by: 'test', reason: 'x' });
    return run(...asked);
  };
  expect(await bench.gone(1)).toEqual({ kind: 'relaunched', attempt: 2 });
  expect(stopped).toEqual([bench.recordingId]);
});

it('hand-overs are no signs of a crash loop, however soon they follow each other', async () => {
  for (let attempt = 1; attempt < 10; attempt++) {
    await bench.begin(attempt);
    await bench.end(attempt, 'handed_over');
    expect(await bench.gone(attempt)).toEqual({ kind: 'relaunched', attempt: attempt + 1 });
  }
  for (let attempt = 10; attempt < 14; attempt++) {
    await bench.begin(attempt);
    expect(await bench.gone(attempt)).toEqual({ kind: 'relaunched', attempt: attempt + 1 });
  }
  await bench.begin(14);
  expect(await bench.gone(14)).toMatchObject({ kind: 'ended', outcome: { reason: { code: 'interrupted' } } });
});

it('a hand-over after short attempts is not what a recording is given up for', async () => {
  for (let attempt = 1; attempt < 5; attempt++) {
    await bench.begin(attempt);
    expect(await bench.gone(attempt)).toEqual({ kind: 'relaunched', attempt: attempt + 1 });
  }
  // The fifth asked for the sixth before it was lost, so that nobody counts; the sixth works, and hands over itself.
  await bench.begin(5);
  await bench.begin(6);
  expect(await bench.gone(5)).toEqual({ kind: 'relaunched', attempt: 6 });
  await bench.end(6, 'handed_over');
  expect(await bench.gone(6)).toEqual({ kind: 'relaunched', attempt: 7 });
});

it('an attempt that was closed for the end is followed by no other, also when its closer died before the outcome', async () => {
  await bench.begin(1);
  await bench.record(1);
  await bench.end(1, 'interrupted');
  const last = { code: 'source_ended', message: 'm' } as const;
  const closed = { recordingId: bench.recordingId, attempt: 2 };
  await voidClaim(bench.ports, closed, { by: 'x', reason: 'the recording has ended', last });
  expect(await bench.gone(1)).toMatchObject({ kind: 'ended', outcome: { reason: last, parts: 1 } });
  expect(launched()).toEqual([1]);
});

describe('of two attempts that are alive at the same time', () => {
  beforeEach(async () => {
    await bench.begin(1);
    await bench.record(1);
    await bench.begin(2);
  });

  it.each(['source_ended', 'source_not_found', 'stopped'] as const)(
    'the earlier one says nothing of the recording, however it ends: %s',
    async (code) => {
      await beginEnding(bench.ports, bench.job, 1, { code, message: '' });
      await bench.end(1, code);
      expect(await bench.gone(1)).toEqual({ kind: 'relaunched', attempt: 2 });
      expect([bench.outcome, bench.store.objects.has(endingKey(bench.recordingId))]).toEqual([
        undefined,
        false,
      ]);
      await bench.record(2);
      await bench.end(2, 'stopped');
      expect(bench.outcome).toMatchObject({ status: 'finished', reason: { code: 'stopped' }, parts: 2 });
    },
  );

  it('the later one concludes nothing while the earlier one lives; whoever ends last sees to it', async () => {
    await bench.record(2);
    await bench.end(2, 'stopped');
    expect(await bench.gone(2)).toEqual({ kind: 'alive' });
    expect(bench.outcome).toBeUndefined();
    await bench.record(1, 3);
    await bench.end(1, 'interrupted');
    expect(await bench.gone(1)).toMatchObject({
      kind: 'ended',
      outcome: { reason: { code: 'stopped' }, parts: 3 },
    });
  });

  it('the later one that is lost is followed by another, and the earlier one is asked nothing', async () => {
    expect(await bench.gone(2)).toEqual({ kind: 'relaunched', attempt: 3 });
    await bench.end(1, 'interrupted');
    expect(await bench.gone(1)).toEqual({ kind: 'relaunched', attempt: 3 });
    expect(launched()).toEqual([1, 3, 3]);
  });

  it('the first that has no end is settled first, where no task is left', async () => {
    expect(missingAttempt(await bench.objects())).toBe(1);
    await bench.gone(1);
    expect(missingAttempt(await bench.objects())).toBe(2);
    await bench.gone(2);
    expect(missingAttempt(await bench.objects())).toBe(3);
  });
});

describe('an attempt that is to take over and never starts', () => {
  const never = { taskArn: undefined, reason: 'RESOURCE:CPU', isFinal: true, unclaimedOnly: true };

  it('ends nothing while the one before records, which is followed by another', async () => {
    await bench.begin(1);
    await bench.record(1);
    expect(await bench.gone(2, never)).toEqual({ kind: 'alive' });
    expect(bench.outcome).toBeUndefined();
    await bench.end(1, 'interrupted');
    expect(await bench.gone(1)).toEqual({ kind: 'relaunched', attempt: 3 });
    expect(launched()).toEqual([1, 3]);
  });

  it('does not keep the one before from saying how the recording ended', async () => {
    await bench.begin(1);
    await bench.record(1);
    await bench.gone(2, never);
    await bench.end(1, 'source_ended');
    expect(bench.outcome).toMatchObject({ status: 'finished', reason: { code: 'source_ended' }, parts: 1 });
    expect((await bench.begin(3)).kind).toBe('superseded');
  });

  it('and one that was asked for in its place is not overlooked', async () => {
    await bench.begin(1);
    await bench.gone(2, never);
    await bench.begin(3);
    await bench.end(1, 'source_ended');
    expect(bench.outcome).toBeUndefined();
  });
});

describe('the next attempt', () => {
  it('can not be taken once the recording has ended', async () => {
    await bench.begin(1);
    await bench.record(1);
    await bench.end(1, 'source_ended');
    expect((await bench.begin(2)).kind).toBe('superseded');
  });

  it('is asked for by nobody who finds that it has begun', async () => {
    await bench.begin(1);
    await bench.begin(2);
    await bench.gone(1);
    expect(launched()).toEqual([1]);
  });

  it('is followed by another where its claim was made void', async () => {
    await bench.begin(1);
    await voidClaim(bench.ports, { recordingId: bench.recordingId, attempt: 2 }, { by: 'x', reason: 'y' });
    expect(await bench.gone(1)).toEqual({ kind: 'relaunched', attempt: 3 });
  });
});

describe('what is said while a recorder claims its attempt is seen by it', () => {
  const reason = { code: 'source_ended', message: 'm' } as const;
  const [atMs, by] = [1, 'x'];
  it.each([
    ['a stop', () => stopKey(bench.recordingId), { requestedAtMs: 1, by, reason: '' }, { isStopAsked: true }],
    ['an ending', () => endingKey(bench.recordingId), { attempt: 1, atMs, reason }, { ending: reason }],
    [
      'the outcome',
      () => outcomeKey(bench.recordingId),
      { status: 'finished', reason, parts: 1, atMs },
      { kind: 'over' },
    ],
    [
      "the attempt's end, by functions of an earlier version",
      () => attemptKey(bench.recordingId, 1, 'end'),
      { attempt: 1, endedAtMs: 1, by, reason },
      { kind: 'superseded' },
    ],
  ])('%s', async (_what, key, value, begun) => {
    bench.store.before = (operation, at) => {
      if (operation === 'create' && at === attemptKey(bench.recordingId, 1, 'claim'))
        bench.store.put(key(), value);
    };
    expect(await bench.begin(1)).toMatchObject(begun);
  });
});

it('a recorder begins with a read, a write and a list, whatever nobody has said of the recording', async () => {
  let calls = 0;
  bench.store.before = () => {
    calls += 1;
  };
  expect(await bench.begin(1)).toMatchObject({ kind: 'claimed', isStopAsked: false });
  expect(calls).toBe(3);
});

it('a recorder knows what had been said before it began, by what was said and not by what it knows itself', async () => {
  await bench.begin(1);
  await bench.record(1);
  await bench.gone(1);
  const begun = await bench.begin(2);
  if (begun.kind !== 'claimed') throw new Error(begun.kind);
  expect([...begun.objects.parts.keys()]).toEqual([1]);
  expect(begun.objects.attempts.get(2)?.claim).toMatchObject({ taskArn: 'task/2' });
  await bench.end(2, 'source_ended');
  expect(await bench.begin(3)).toMatchObject({ kind: 'superseded' });
});
