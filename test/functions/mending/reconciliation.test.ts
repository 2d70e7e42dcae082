import { Logger } from '@aws-lambda-powertools/logger';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clipMarkerKey } from '../../../functions/core/clips/keys.ts';
import { markActive } from '../../../functions/core/protocol/active.ts';
import { announceStream, withPublication } from '../../../functions/core/protocol/announce.ts';
import { NO_HOSTS } from '../../../functions/core/protocol/asks.ts';
import { markWriting } from '../../../functions/core/protocol/writing.ts';
import { MERGE_MARKERS_PREFIX, mergeKey, mergeMarkerKey } from '../../../functions/core/rooms/mergeKeys.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import {
  ACTIVE_MARKED_KEY,
  activeKey,
  attemptKey,
  idempotencyKey,
  indexKey,
  LISTED_MARKED_KEY,
  LISTED_PREFIX,
  listedKey,
  lockKey,
  outcomeKey,
  partKey,
  reservationKey,
  sessionKey,
  stopKey,
  WRITING_PREFIX,
  writingKey,
} from '../../../functions/core/state/keys.ts';
import {
  endSchema,
  type Job,
  lockSchema,
  type Outcome,
  sessionSchema,
} from '../../../functions/core/state/objects.ts';
import { Aftermath } from '../../../functions/mending/aftermath.ts';
import { FINISHED_STATE_KEPT_MS } from '../../../functions/mending/expiry.ts';
import { Reconciliation } from '../../../functions/mending/reconciliation.ts';
import { Rescue } from '../../../functions/mending/rescue.ts';
import { RecorderBench } from '../../support/recorderBench.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const log = new Logger({ logLevel: 'SILENT' });
const outcome: Outcome = {
  status: 'finished',
  reason: { code: 'stopped', message: 'm' },
  parts: 0,
  atMs: 1,
};

let bench: RecorderBench;
let nowMs: number;
let withTask: Set<string>;
let asked: string[];
let stopped: string[];
let launched: string[];
let moved: string[];
let madeClips: string[];
let sent: object[];

beforeEach(async () => {
  bench = new RecorderBench();
  await bench.start();
  for (const key of [ACTIVE_MARKED_KEY, LISTED_MARKED_KEY]) await bench.store.create(key, { atMs: 1 });
  nowMs = Date.now();
  withTask = new Set();
  [asked, stopped, launched, moved, madeClips, sent] = [[], [], [], [], [], []];
});

afterEach(() => bench.close());

const clock = { nowMs: () => nowMs };

function reconciliation(): Reconciliation {
  const { s3, store } = bench;
  const rescue = new Rescue({ s3, store, clock });
  const stopTasks = async (recordingId: string): Promise<void> => void stopped.push(recordingId);
  const run = async (recordingId: string, attempt: number): Promise<void> =>
    void launched.push(`${recordingId}-${attempt}`);
  const ports = {
    ...{ store, clock, tasks: { run }, stopTasks, sleep: async () => undefined },
    newRecordingId: () => newRecordingId(nowMs, Buffer.alloc(16, 9)),
  };
  const ecs = {
    send: async ({ input }: { readonly input: { readonly startedBy: string } }) => {
      asked.push(input.startedBy);
      return { taskArns: withTask.has(input.startedBy) ? ['task/1'] : [] };
    },
  } as unknown as ECSClient;
  return new Reconciliation({
    hostsService: NO_HOSTS,
    ...{ s3, ecs, store, clock, rescue, ports, stopTasks, cluster: 'cluster' },
    aftermath: new Aftermath({ s3, store, rescue, bus: bench.bus(), ports }),
    makeClip: async ({ clipId }) => {
      madeClips.push(clipId);
      return 'settled';
    },
    clipsQueue: { send: async (message) => void sent.push(message) },
    relocate: async (key) => void moved.push(key),
  });
}
const run = (hasTime?: () => boolean) => reconciliation().run(log, hasTime);

/** As start leaves it. */
async function begin(): Promise<Job> {
  const recordingId = await bench.createJob('rtmp://media.example/live/key');
  const { job } = await bench.objects(recordingId);
  await markActive(bench.store, job);
  await bench.store.create(lockKey(job.mediaSessionId), { recordingId, acquiredAtMs: nowMs });
  await bench.store.create(indexKey(recordingId), { recordingId });
  return job;
}
async function claim({ recordingId }: Job): Promise<void> {
  await bench.store.create(attemptKey(recordingId, 1, 'claim'), {
    attempt: 1,
    claimedAtMs: nowMs,
    taskArn: 'task/1',
  });
}
const beat = ({ recordingId }: Job, atMs: number): Promise<void> =>
  bench.store.overwrite(attemptKey(recordingId, 1, 'progress'), {
    ...{ attempt: 1, atMs, part: 1, bytes: 1, uploadedBytes: 0, durationMs: 1 },
    ...{ bitrateBps: 1, fps: 1, tailAgeMs: 1, spoolBytes: 0 },
  });
const isThere = async (key: string): Promise<boolean> => (await bench.store.list(key)).includes(key);
const lockOf = async ({ mediaSessionId }: Job) =>
  (await bench.store.read(lockKey(mediaSessionId), lockSchema))?.value;

describe('of recordings that are marked as going on, reconcile', () => {
  it('leaves one alone that was heard of lately, and asks ECS nothing', async () => {
    const job = await begin();
    await claim(job);
    nowMs += 60 * MINUTE_MS;
    await beat(job, nowMs - MINUTE_MS);
    expect(await run()).toMatchObject({ taskMissed: 0, stopRepeated: 0, lockReleased: 0, failed: 0 });
    expect(asked).toEqual([]);
  });

  it('settles one whose task is gone without an event', async () => {
    const job = await begin();
    await claim(job);
    nowMs += 10 * MINUTE_MS;
    expect(await run()).toMatchObject({ taskMissed: 1, failed: 0 });
    const end = await bench.store.read(attemptKey(job.recordingId, 1, 'end'), endSchema);
    expect(end?.value).toMatchObject({ by: 'reconcile', reason: { code: 'interrupted' } });
    expect(launched).toEqual([`${job.recordingId}-2`]);
    expect(await isThere(activeKey(job.recordingId))).toBe(true);
  });

  it('does not take one for lost whose task runs, however silent it is', async () => {
    const job = await begin();
    await claim(job);
    withTask.add(job.recordingId);
    nowMs += 10 * MINUTE_MS;
    expect(await run()).toMatchObject({ taskMissed: 0, failed: 0 });
  });

  it('stops one again whose stop is overdue', async () => {
    const job = await begin();
    await claim(job);
    withTask.add(job.recordingId);
    await bench.store.create(stopKey(job.recordingId), { requestedAtMs: nowMs, by: 'r', reason: 'x' });
    nowMs += 2 * MINUTE_MS;
    expect(await run()).toMatchObject({ stopRepeated: 0 });
    nowMs += 2 * MINUTE_MS;
    await beat(job, nowMs);
    expect(await run()).toMatchObject({ stopRepeated: 1, failed: 0 });
    expect(stopped).toEqual([job.recordingId]);
  });

  it('releases the lock of one that has ended, announces it, and forgets it', async () => {
    const job = await begin();
    await bench.store.create(outcomeKey(job.recordingId), outcome);
    expect(await run()).toMatchObject({ lockReleased: 1, failed: 0 });
    expect(await lockOf(job)).toMatchObject({ recordingId: job.recordingId, releasedAtMs: nowMs });
    expect(bench.events).toEqual(['Recording Finished']);
    expect(await isThere(activeKey(job.recordingId))).toBe(false);
  });

  it('forgets one that ended well, and mends nothing', async () => {
    const job = await begin();
    await bench.store.create(outcomeKey(job.recordingId), outcome);
    await bench.store.overwrite(lockKey(job.mediaSessionId), {
      recordingId: newRecordingId(nowMs, Buffer.alloc(16)),
      acquiredAtMs: nowMs,
    });
    expect(await run()).toMatchObject({ lockReleased: 0, failed: 0 });
    expect(await isThere(activeKey(job.recordingId))).toBe(false);
  });

  it('forgets a marker without a job, once none can come', async () => {
    const recordingId = newRecordingId(nowMs, Buffer.alloc(16, 7));
    await markActive(bench.store, { recordingId, mediaSessionId: 'crashed' });
    await run();
    expect(await isThere(activeKey(recordingId))).toBe(true);
    nowMs += 20 * MINUTE_MS;
    await run();
    expect(await isThere(activeKey(recordingId))).toBe(false);
  });

  it('goes on with the others where one fails', async () => {
    const [broken, ended] = [await begin(), await begin()];
    await bench.store.overwrite(outcomeKey(broken.recordingId), { not: 'an outcome' });
    await bench.store.create(outcomeKey(ended.recordingId), outcome);
    expect(await run()).toMatchObject({ lockReleased: 1, failed: 1 });
  });

  it('does nothing without time, and the next run does it', async () => {
    const job = await begin();
    await bench.store.create(outcomeKey(job.recordingId), outcome);
    expect(await run(() => false)).toMatchObject({ lockReleased: 0, failed: 0 });
    expect(await run()).toMatchObject({ lockReleased: 1 });
  });
});

it('marks recordings of a version without markers, once', async () => {
  const [held, former, over] = [await begin(), await begin(), await begin()];
  for (const { recordingId } of [held, former, over]) await bench.store.remove(activeKey(recordingId));
  await bench.store.overwrite(lockKey(held.mediaSessionId), {
    recordingId: held.recordingId,
    acquiredAtMs: nowMs,
    earlier: [former.recordingId],
  });
  for (const { mediaSessionId, recordingId } of [former, over])
    await bench.store.overwrite(lockKey(mediaSessionId), {
      recordingId,
      acquiredAtMs: 1,
      releasedAtMs: nowMs,
    });
  await bench.store.remove(ACTIVE_MARKED_KEY);
  expect(await run()).toMatchObject({ recordingMarked: 2, failed: 0 });
  expect(await isThere(activeKey(held.recordingId))).toBe(true);
  expect(await isThere(activeKey(former.recordingId))).toBe(true);
  expect(await isThere(activeKey(over.recordingId))).toBe(false);
  expect(await run()).toMatchObject({ recordingMarked: 0 });
});

describe('of streams that are marked as listed, reconcile', () => {
  const stream = (mediaSessionId: string, status: string, eventAtMs = 1) => ({
    ...{ mediaSessionId, name: 'c', status, sourceUrl: 'rtmp://h/a/c', eventAtMs },
  });
  const announce = (mediaSessionId: string, status: 'PUBLISHING' | 'UNPUBLISHED') =>
    announceStream({ store: bench.store, clock }, mediaSessionId, (known) =>
      withPublication(sessionSchema.parse(stream(mediaSessionId, status)), known, nowMs),
    );

  it('marks those of a version without markers, once', async () => {
    await bench.store.remove(LISTED_MARKED_KEY);
    for (const status of ['PUBLISHING', 'PAUSED', 'UNPUBLISHED', 'STOPPED'])
      await bench.store.create(sessionKey(status), stream(status, status));
    await run();
    expect(await bench.store.list(LISTED_PREFIX)).toEqual(['PAUSED', 'PUBLISHING'].map(listedKey));
    expect(await isThere(LISTED_MARKED_KEY)).toBe(true);
    await bench.store.create(sessionKey('x'), stream('x', 'PUBLISHING'));
    await run();
    expect(await isThere(listedKey('x'))).toBe(false);
  });

  it('forgets those that have ended, a while after', async () => {
    for (const id of ['ended', 'going']) await announce(id, 'PUBLISHING');
    await announce('ended', 'UNPUBLISHED');
    nowMs += 5 * MINUTE_MS;
    await run();
    expect(await isThere(listedKey('ended'))).toBe(true);
    nowMs += 6 * MINUTE_MS;
    expect(await run()).toMatchObject({ failed: 0 });
    expect(await bench.store.list(LISTED_PREFIX)).toEqual([listedKey('going')]);
  });

  it('does not forget one that is published again while it looks', async () => {
    await announce('back', 'PUBLISHING');
    await announce('back', 'UNPUBLISHED');
    nowMs += 20 * MINUTE_MS;
    const read = bench.store.read.bind(bench.store);
    const spy = vi.spyOn(bench.store, 'read').mockImplementation(async (key, schema) => {
      const found = await read(key, schema);
      if (key !== sessionKey('back')) return found;
      spy.mockRestore();
      await announce('back', 'PUBLISHING');
      return found;
    });
    await run();
    expect(await isThere(listedKey('back'))).toBe(true);
  });
});

it('forgets that files are written of recordings that have ended, and of no other', async () => {
  const [ended, going] = [await begin(), await begin()];
  const file = { part: 1, fileName: 'camera.mp4' };
  for (const job of [ended, going]) await markWriting(bench.store, job, file);
  await bench.store.create(outcomeKey(ended.recordingId), outcome);
  expect(await run()).toMatchObject({ failed: 0 });
  expect(await bench.store.list(WRITING_PREFIX)).toEqual([writingKey(going, file)]);
});

it('completes the upload of a recording that has ended, and no other', async () => {
  const open = async (job: Job): Promise<string> => {
    const key = `records/${job.recordingId}/1/camera.mp4`;
    const place = { Bucket: bench.store.bucket, Key: key };
    const { UploadId = '' } = await bench.s3.send(
      new CreateMultipartUploadCommand({
        ...place,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    await bench.s3.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: Buffer.alloc(100) }),
    );
    await bench.store.create(partKey(job.recordingId, 1, 'open'), {
      ...{ part: 1, attempt: 1, key, uploadId: UploadId, fileName: 'camera.mp4', format: 'mp4' },
      ...{ openedAtMs: nowMs, startTimeMs: nowMs, tracks: [] },
    });
    return key;
  };
  const [ended, going] = [await begin(), await begin()];
  const [completed, left] = [await open(ended), await open(going)];
  await bench.store.create(outcomeKey(ended.recordingId), outcome);
  expect(await run()).toMatchObject({ uploadCompleted: 0 });
  nowMs += 31 * MINUTE_MS;
  withTask.add(going.recordingId);
  expect(await run()).toMatchObject({ uploadCompleted: 1, failed: 0 });
  expect((await bench.object(completed)).length).toBe(100);
  await expect(bench.object(left)).rejects.toThrow();
});

it('moves a record that nobody moved', async () => {
  const Key = `records/${newRecordingId(nowMs, Buffer.alloc(16, 3))}/1/camera.mp4`;
  await bench.s3.send(new PutObjectCommand({ Bucket: bench.store.bucket, Key, Body: 'x' }));
  await run();
  expect(moved).toEqual([]);
  nowMs += 11 * MINUTE_MS;
  expect(await run()).toMatchObject({ recordMoved: 1, failed: 0 });
  expect(moved).toEqual([Key]);
});

it('makes clips that nobody made, and no other', async () => {
  const [old, young] = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW'];
  await bench.store.create(clipMarkerKey(old, 'old'), { recordingId: old, clipId: 'old' });
  nowMs += 11 * MINUTE_MS;
  expect(await run()).toMatchObject({ clipMade: 1, failed: 0 });
  expect(madeClips).toEqual(['old']);
  nowMs = Date.now();
  await bench.store.create(clipMarkerKey(young, 'young'), { recordingId: young, clipId: 'young' });
  expect(await run()).toMatchObject({ clipMade: 0 });
});

it('asks again for merges that nobody looks at, and forgets what was never noted', async () => {
  const [old, jobless] = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW'];
  for (const mergeId of [old, jobless]) await bench.store.create(mergeMarkerKey(mergeId), { mergeId });
  const job = { mergeId: old, room: 'r', requestedAtMs: nowMs, requestId: 'q', layout: 'tracks' };
  await bench.store.create(mergeKey(old, 'job'), { ...job, running: 'wait', settings: DEFAULT_SETTINGS });
  expect(await run()).toMatchObject({ mergeAsked: 0 });
  nowMs += 11 * MINUTE_MS;
  expect(await run()).toMatchObject({ mergeAsked: 1, failed: 0 });
  expect(sent).toEqual([{ version: 1, mergeId: old }]);
  expect(await bench.store.list(MERGE_MARKERS_PREFIX)).toEqual([mergeMarkerKey(old)]);
});

describe('after a day, reconcile removes', () => {
  const session = (mediaSessionId: string, status: string) =>
    bench.store.create(sessionKey(mediaSessionId), {
      ...{ mediaSessionId, name: 'camera', status, sourceUrl: 'rtmp://h/l/k', eventAtMs: nowMs },
    });
  const lock = (mediaSessionId: string, more: object) =>
    bench.store.create(lockKey(mediaSessionId), { recordingId: 'r', acquiredAtMs: nowMs, ...more });
  const reserve = (mediaSessionId: string, more: object) =>
    bench.store.create(reservationKey(mediaSessionId), {
      ...{
        settings: DEFAULT_SETTINGS,
        requestId: 'r',
        requestedAtMs: nowMs,
        expiresAtMs: nowMs + 2 * DAY_MS,
      },
      ...more,
    });

  it('sessions, locks, reservations and idempotency keys that nobody needs, and no other', async () => {
    await session('gone', 'UNPUBLISHED');
    await session('gone-recorded', 'STOPPED');
    await session('going', 'PUBLISHING');
    await session('still-held', 'UNPUBLISHED');
    await lock('gone-recorded', { releasedAtMs: nowMs });
    await lock('still-held', {});
    // A stop of today is remembered for as long as the stream goes on.
    await lock('going', { releasedAtMs: nowMs });
    await lock('to-mend', { releasedAtMs: nowMs, earlier: ['other'] });
    await reserve('settled', { settledAtMs: nowMs });
    await reserve('over', { expiresAtMs: nowMs + 1 });
    await reserve('waiting', {});
    for (const file of ['request', 'answer'] as const)
      await bench.store.create(idempotencyKey('k', file), {});
    const all = {
      removed: [
        ...['gone', 'gone-recorded'].map(sessionKey),
        lockKey('gone-recorded'),
        ...['settled', 'over'].map(reservationKey),
        ...(['request', 'answer'] as const).map((file) => idempotencyKey('k', file)),
      ],
      kept: [
        ...['going', 'still-held'].map(sessionKey),
        ...['still-held', 'going', 'to-mend'].map(lockKey),
        reservationKey('waiting'),
      ],
    };
    const there = async (keys: readonly string[]) => (await Promise.all(keys.map(isThere))).filter(Boolean);
    await run();
    expect(await there(all.removed)).toHaveLength(all.removed.length);
    nowMs += DAY_MS + MINUTE_MS;
    expect(await run()).toMatchObject({ stateSwept: all.removed.length, failed: 0 });
    expect(await there(all.removed)).toEqual([]);
    expect(await there(all.kept)).toHaveLength(all.kept.length);
  });

  it('what it can, past one that cannot be read', async () => {
    await bench.store.create(sessionKey('broken'), { not: 'a session' });
    await session('gone', 'UNPUBLISHED');
    nowMs += DAY_MS + MINUTE_MS;
    expect(await run()).toMatchObject({ stateSwept: 1, failed: 1 });
    expect(await isThere(sessionKey('gone'))).toBe(false);
  });

  it('nothing that is written at the same moment', async () => {
    await session('back', 'UNPUBLISHED');
    const { store } = bench;
    const remove = store.remove.bind(store);
    store.remove = async (key, etag) => {
      if (key === sessionKey('back'))
        await store.overwrite(key, {
          ...{ mediaSessionId: 'back', name: 'camera', status: 'PUBLISHING' },
          ...{ sourceUrl: 'rtmp://h/l/k', eventAtMs: nowMs },
        });
      return remove(key, etag);
    };
    nowMs += DAY_MS + MINUTE_MS;
    expect(await run()).toMatchObject({ failed: 0 });
    store.remove = remove;
    expect(await isThere(sessionKey('back'))).toBe(true);
  });
});

it('forgets recordings that ended long ago', async () => {
  const job = await begin();
  await bench.store.create(outcomeKey(job.recordingId), outcome);
  nowMs += FINISHED_STATE_KEPT_MS + DAY_MS;
  expect(await run()).toMatchObject({ stateExpired: 1, failed: 0 });
  expect(await isThere(indexKey(job.recordingId))).toBe(false);
});
