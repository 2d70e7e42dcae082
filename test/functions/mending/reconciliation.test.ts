import { describe, expect, it, vi } from 'vitest';
import { markActive } from '../../../functions/core/protocol/active.ts';
import { announceStream, withPublication } from '../../../functions/core/protocol/announce.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import {
  ACTIVE_MARKED_KEY,
  activeKey,
  attemptKey,
  LISTED_MARKED_KEY,
  LISTED_PREFIX,
  listedKey,
  lockKey,
  outcomeKey,
  sessionKey,
  stopKey,
} from '../../../functions/core/state/keys.ts';
import { endSchema, sessionSchema } from '../../../functions/core/state/objects.ts';
import { ENDED, MINUTE_MS, reconcileForTests } from './reconcileForTests.ts';

const on = reconcileForTests();

describe('of recordings that are marked as going on, reconcile', () => {
  it('leaves one alone that was heard of lately, and asks ECS nothing', async () => {
    const job = await on.begin();
    await on.claim(job);
    on.nowMs += 60 * MINUTE_MS;
    await on.beat(job, on.nowMs - MINUTE_MS);
    expect(await on.run()).toMatchObject({ taskMissed: 0, stopRepeated: 0, lockReleased: 0, failed: 0 });
    expect(on.asked).toEqual([]);
  });

  it('settles one whose task is gone without an event', async () => {
    const job = await on.begin();
    await on.claim(job);
    on.nowMs += 10 * MINUTE_MS;
    expect(await on.run()).toMatchObject({ taskMissed: 1, failed: 0 });
    const end = await on.bench.store.read(attemptKey(job.recordingId, 1, 'end'), endSchema);
    expect(end?.value).toMatchObject({ by: 'reconcile', reason: { code: 'interrupted' } });
    expect(on.launched).toEqual([`${job.recordingId}-2`]);
    expect(await on.isThere(activeKey(job.recordingId))).toBe(true);
  });

  it('does not take one for lost whose task runs, however silent it is', async () => {
    const job = await on.begin();
    await on.claim(job);
    on.withTask.add(job.recordingId);
    on.nowMs += 10 * MINUTE_MS;
    expect(await on.run()).toMatchObject({ taskMissed: 0, failed: 0 });
  });

  it('stops one again whose stop is overdue', async () => {
    const job = await on.begin();
    await on.claim(job);
    on.withTask.add(job.recordingId);
    await on.bench.store.create(stopKey(job.recordingId), { requestedAtMs: on.nowMs, by: 'r', reason: 'x' });
    on.nowMs += 2 * MINUTE_MS;
    expect(await on.run()).toMatchObject({ stopRepeated: 0 });
    on.nowMs += 2 * MINUTE_MS;
    await on.beat(job, on.nowMs);
    expect(await on.run()).toMatchObject({ stopRepeated: 1, failed: 0 });
    expect(on.stopped).toEqual([job.recordingId]);
  });

  it('releases the lock of one that has ended, announces it, and forgets it', async () => {
    const job = await on.begin();
    await on.bench.store.create(outcomeKey(job.recordingId), ENDED);
    expect(await on.run()).toMatchObject({ lockReleased: 1, failed: 0 });
    expect(await on.lockOf(job)).toMatchObject({ recordingId: job.recordingId, releasedAtMs: on.nowMs });
    expect(on.bench.events).toEqual(['Recording Finished']);
    expect(await on.isThere(activeKey(job.recordingId))).toBe(false);
  });

  it('forgets one that ended well, and mends nothing', async () => {
    const job = await on.begin();
    await on.bench.store.create(outcomeKey(job.recordingId), ENDED);
    await on.bench.store.overwrite(lockKey(job.mediaSessionId), {
      recordingId: newRecordingId(on.nowMs, Buffer.alloc(16)),
      acquiredAtMs: on.nowMs,
    });
    expect(await on.run()).toMatchObject({ lockReleased: 0, failed: 0 });
    expect(await on.isThere(activeKey(job.recordingId))).toBe(false);
  });

  it('forgets a marker without a job, once none can come', async () => {
    const recordingId = newRecordingId(on.nowMs, Buffer.alloc(16, 7));
    await markActive(on.bench.store, { recordingId, mediaSessionId: 'crashed' });
    await on.run();
    expect(await on.isThere(activeKey(recordingId))).toBe(true);
    on.nowMs += 20 * MINUTE_MS;
    await on.run();
    expect(await on.isThere(activeKey(recordingId))).toBe(false);
  });

  it('goes on with the others where one fails', async () => {
    const [broken, ended] = [await on.begin(), await on.begin()];
    await on.bench.store.overwrite(outcomeKey(broken.recordingId), { not: 'an outcome' });
    await on.bench.store.create(outcomeKey(ended.recordingId), ENDED);
    expect(await on.run()).toMatchObject({ lockReleased: 1, failed: 1 });
  });

  it('does nothing without time, and the next run does it', async () => {
    const job = await on.begin();
    await on.bench.store.create(outcomeKey(job.recordingId), ENDED);
    expect(await on.run(() => false)).toMatchObject({ lockReleased: 0, failed: 0 });
    expect(await on.run()).toMatchObject({ lockReleased: 1 });
  });
});

it('marks recordings of a version without markers, once', async () => {
  const [held, former, over] = [await on.begin(), await on.begin(), await on.begin()];
  for (const { recordingId } of [held, former, over]) await on.bench.store.remove(activeKey(recordingId));
  await on.bench.store.overwrite(lockKey(held.mediaSessionId), {
    recordingId: held.recordingId,
    acquiredAtMs: on.nowMs,
    earlier: [former.recordingId],
  });
  for (const { mediaSessionId, recordingId } of [former, over])
    await on.bench.store.overwrite(lockKey(mediaSessionId), {
      recordingId,
      acquiredAtMs: 1,
      releasedAtMs: on.nowMs,
    });
  await on.bench.store.remove(ACTIVE_MARKED_KEY);
  expect(await on.run()).toMatchObject({ recordingMarked: 2, failed: 0 });
  expect(await on.isThere(activeKey(held.recordingId))).toBe(true);
  expect(await on.isThere(activeKey(former.recordingId))).toBe(true);
  expect(await on.isThere(activeKey(over.recordingId))).toBe(false);
  expect(await on.run()).toMatchObject({ recordingMarked: 0 });
});

describe('of streams that are marked as listed, reconcile', () => {
  const stream = (mediaSessionId: string, status: string, eventAtMs = 1) => ({
    ...{ mediaSessionId, name: 'c', status, sourceUrl: 'rtmp://h/a/c', eventAtMs },
  });
  const announce = (mediaSessionId: string, status: 'PUBLISHING' | 'UNPUBLISHED') =>
    announceStream({ store: on.bench.store, clock: on.clock }, mediaSessionId, (known) =>
      withPublication(sessionSchema.parse(stream(mediaSessionId, status)), known, on.nowMs),
    );

  it('marks those of a version without markers, once', async () => {
    await on.bench.store.remove(LISTED_MARKED_KEY);
    for (const status of ['PUBLISHING', 'PAUSED', 'UNPUBLISHED', 'STOPPED'])
      await on.bench.store.create(sessionKey(status), stream(status, status));
    await on.run();
    expect(await on.bench.store.list(LISTED_PREFIX)).toEqual(['PAUSED', 'PUBLISHING'].map(listedKey));
    expect(await on.isThere(LISTED_MARKED_KEY)).toBe(true);
    await on.bench.store.create(sessionKey('x'), stream('x', 'PUBLISHING'));
    await on.run();
    expect(await on.isThere(listedKey('x'))).toBe(false);
  });

  it('forgets those that have ended, a while after', async () => {
    for (const id of ['ended', 'going']) await announce(id, 'PUBLISHING');
    await announce('ended', 'UNPUBLISHED');
    on.nowMs += 5 * MINUTE_MS;
    await on.run();
    expect(await on.isThere(listedKey('ended'))).toBe(true);
    on.nowMs += 6 * MINUTE_MS;
    expect(await on.run()).toMatchObject({ failed: 0 });
    expect(await on.bench.store.list(LISTED_PREFIX)).toEqual([listedKey('going')]);
  });

  it('does not forget one that is published again while it looks', async () => {
    await announce('back', 'PUBLISHING');
    await announce('back', 'UNPUBLISHED');
    on.nowMs += 20 * MINUTE_MS;
    const read = on.reconcile.store.read.bind(on.reconcile.store);
    const spy = vi.spyOn(on.reconcile.store, 'read').mockImplementation(async (key, schema) => {
      const found = await read(key, schema);
      if (key !== sessionKey('back')) return found;
      spy.mockRestore();
      await announce('back', 'PUBLISHING');
      return found;
    });
    await on.run();
    expect(await on.isThere(listedKey('back'))).toBe(true);
  });
});
