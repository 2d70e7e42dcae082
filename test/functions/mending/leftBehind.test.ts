import { CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { clipMarkerKey } from '../../../functions/core/clips/keys.ts';
import { markWriting } from '../../../functions/core/protocol/writing.ts';
import { MERGE_MARKERS_PREFIX, mergeKey, mergeMarkerKey } from '../../../functions/core/rooms/mergeKeys.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import {
  idempotencyKey,
  indexKey,
  lockKey,
  outcomeKey,
  partKey,
  reservationKey,
  sessionKey,
  WRITING_PREFIX,
  writingKey,
} from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import { FINISHED_STATE_KEPT_MS } from '../../../functions/mending/expiry.ts';
import { DAY_MS, ENDED, MINUTE_MS, reconcileForTests } from './reconcileForTests.ts';

const on = reconcileForTests();

it('forgets that files are written of recordings that have ended, and of no other', async () => {
  const [ended, going] = [await on.begin(), await on.begin()];
  const file = { part: 1, fileName: 'camera.mp4' };
  for (const job of [ended, going]) await markWriting(on.bench.store, job, file);
  await on.bench.store.create(outcomeKey(ended.recordingId), ENDED);
  expect(await on.run()).toMatchObject({ failed: 0 });
  expect(await on.bench.store.list(WRITING_PREFIX)).toEqual([writingKey(going, file)]);
});

it('completes the upload of a recording that has ended, and no other', async () => {
  const open = async (job: Job): Promise<string> => {
    const key = `records/${job.recordingId}/1/camera.mp4`;
    const place = { Bucket: on.bench.store.bucket, Key: key };
    const { UploadId = '' } = await on.bench.s3.send(
      new CreateMultipartUploadCommand({
        ...place,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    await on.bench.s3.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: Buffer.alloc(100) }),
    );
    await on.bench.store.create(partKey(job.recordingId, 1, 'open'), {
      ...{ part: 1, attempt: 1, key, uploadId: UploadId, fileName: 'camera.mp4', format: 'mp4' },
      ...{ openedAtMs: on.nowMs, startTimeMs: on.nowMs, tracks: [] },
    });
    return key;
  };
  const [ended, going] = [await on.begin(), await on.begin()];
  const [completed, left] = [await open(ended), await open(going)];
  await on.bench.store.create(outcomeKey(ended.recordingId), ENDED);
  expect(await on.run()).toMatchObject({ uploadCompleted: 0 });
  on.nowMs += 31 * MINUTE_MS;
  on.withTask.add(going.recordingId);
  expect(await on.run()).toMatchObject({ uploadCompleted: 1, failed: 0 });
  expect((await on.bench.object(completed)).length).toBe(100);
  await expect(on.bench.object(left)).rejects.toThrow();
});

it('moves a record that nobody on.moved', async () => {
  const Key = `records/${newRecordingId(on.nowMs, Buffer.alloc(16, 3))}/1/camera.mp4`;
  await on.bench.s3.send(new PutObjectCommand({ Bucket: on.bench.store.bucket, Key, Body: 'x' }));
  await on.run();
  expect(on.moved).toEqual([]);
  on.nowMs += 11 * MINUTE_MS;
  expect(await on.run()).toMatchObject({ recordMoved: 1, failed: 0 });
  expect(on.moved).toEqual([Key]);
});

it('makes clips that nobody made, and no other', async () => {
  const [old, young] = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW'];
  await on.bench.store.create(clipMarkerKey(old, 'old'), { recordingId: old, clipId: 'old' });
  on.nowMs += 11 * MINUTE_MS;
  expect(await on.run()).toMatchObject({ clipMade: 1, failed: 0 });
  expect(on.madeClips).toEqual(['old']);
  on.nowMs = Date.now();
  await on.bench.store.create(clipMarkerKey(young, 'young'), { recordingId: young, clipId: 'young' });
  expect(await on.run()).toMatchObject({ clipMade: 0 });
});

it('asks again for merges that nobody looks at, and forgets what was never noted', async () => {
  const [old, jobless] = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW'];
  for (const mergeId of [old, jobless]) await on.bench.store.create(mergeMarkerKey(mergeId), { mergeId });
  const job = { mergeId: old, room: 'r', requestedAtMs: on.nowMs, requestId: 'q', layout: 'tracks' };
  await on.bench.store.create(mergeKey(old, 'job'), { ...job, running: 'wait', settings: DEFAULT_SETTINGS });
  expect(await on.run()).toMatchObject({ mergeAsked: 0 });
  on.nowMs += 11 * MINUTE_MS;
  expect(await on.run()).toMatchObject({ mergeAsked: 1, failed: 0 });
  expect(on.sent).toEqual([{ version: 1, mergeId: old }]);
  expect(await on.bench.store.list(MERGE_MARKERS_PREFIX)).toEqual([mergeMarkerKey(old)]);
});

describe('after a day, reconcile removes', () => {
  const session = (mediaSessionId: string, status: string) =>
    on.bench.store.create(sessionKey(mediaSessionId), {
      ...{ mediaSessionId, name: 'camera', status, sourceUrl: 'rtmp://h/l/k', eventAtMs: on.nowMs },
    });
  const lock = (mediaSessionId: string, more: object) =>
    on.bench.store.create(lockKey(mediaSessionId), { recordingId: 'r', acquiredAtMs: on.nowMs, ...more });
  const reserve = (mediaSessionId: string, more: object) =>
    on.bench.store.create(reservationKey(mediaSessionId), {
      ...{
        settings: DEFAULT_SETTINGS,
        requestId: 'r',
        requestedAtMs: on.nowMs,
        expiresAtMs: on.nowMs + 2 * DAY_MS,
      },
      ...more,
    });

  it('sessions, locks, reservations and idempotency keys that nobody needs, and no other', async () => {
    await session('gone', 'UNPUBLISHED');
    await session('gone-recorded', 'STOPPED');
    await session('going', 'PUBLISHING');
    await session('still-held', 'UNPUBLISHED');
    await lock('gone-recorded', { releasedAtMs: on.nowMs });
    await lock('still-held', {});
    // A stop of today is remembered for as long as the stream goes on.
    await lock('going', { releasedAtMs: on.nowMs });
    await lock('to-mend', { releasedAtMs: on.nowMs, earlier: ['other'] });
    await reserve('settled', { settledAtMs: on.nowMs });
    await reserve('over', { expiresAtMs: on.nowMs + 1 });
    await reserve('waiting', {});
    for (const file of ['request', 'answer'] as const)
      await on.bench.store.create(idempotencyKey('k', file), {});
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
    const there = async (keys: readonly string[]) =>
      (await Promise.all(keys.map(on.isThere))).filter(Boolean);
    await on.run();
    expect(await there(all.removed)).toHaveLength(all.removed.length);
    on.nowMs += DAY_MS + MINUTE_MS;
    expect(await on.run()).toMatchObject({ stateSwept: all.removed.length, failed: 0 });
    expect(await there(all.removed)).toEqual([]);
    expect(await there(all.kept)).toHaveLength(all.kept.length);
  });

  it('what it can, past one that cannot be read', async () => {
    await on.bench.store.create(sessionKey('broken'), { not: 'a session' });
    await session('gone', 'UNPUBLISHED');
    on.nowMs += DAY_MS + MINUTE_MS;
    expect(await on.run()).toMatchObject({ stateSwept: 1, failed: 1 });
    expect(await on.isThere(sessionKey('gone'))).toBe(false);
  });

  it('nothing that is written at the same moment', async () => {
    await session('back', 'UNPUBLISHED');
    const { store } = on.reconcile;
    const remove = store.remove.bind(store);
    store.remove = async (key, etag) => {
      if (key === sessionKey('back'))
        await on.bench.store.overwrite(key, {
          ...{ mediaSessionId: 'back', name: 'camera', status: 'PUBLISHING' },
          ...{ sourceUrl: 'rtmp://h/l/k', eventAtMs: on.nowMs },
        });
      return remove(key, etag);
    };
    on.nowMs += DAY_MS + MINUTE_MS;
    expect(await on.run()).toMatchObject({ failed: 0 });
    store.remove = remove;
    expect(await on.isThere(sessionKey('back'))).toBe(true);
  });
});

it('forgets recordings that ended long ago', async () => {
  const job = await on.begin();
  await on.bench.store.create(outcomeKey(job.recordingId), ENDED);
  on.nowMs += FINISHED_STATE_KEPT_MS + DAY_MS;
  expect(await on.run()).toMatchObject({ stateExpired: 1, failed: 0 });
  expect(await on.isThere(indexKey(job.recordingId))).toBe(false);
});
