import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { markWriting, unmarkWriting } from '../../functions/core/protocol/writing.ts';
import { newRecordingId } from '../../functions/core/state/ids.ts';
import { LISTED_MARKED_KEY, partKey, sessionKey } from '../../functions/core/state/keys.ts';
import { TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ reconcilesAtStart: true });
  // Its first reconcile has marked what there was before.
  await vi.waitUntil(async () => (await api.store.list(LISTED_MARKED_KEY)).length === 1, 60_000);
}, 180_000);
afterAll(() => api?.close());

const post = async (route: string, body?: unknown) =>
  (await api.call('POST', route, body === undefined ? {} : { body })).body as unknown;
const names = async () => ((await post('/stream/find_all')) as { name: string }[]).map(({ name }) => name);
/** Whoever reads it fails: what has ended is not read. */
const spoil = (key: string) => api.store.overwrite(key, { not: 'of its schema' });

it('streams are found by their markers, and those that have ended are not read', async () => {
  await spoil(sessionKey('ended long ago'));
  await api.publish('m1');
  await api.publish('m2');
  expect(await names()).toEqual(expect.arrayContaining(['m1', 'm2']));
  expect(await post('/stream/find', { name: 'm2' })).toMatchObject([{ mediaSessionId: 'm2', record: false }]);
  await api.publish('m2', { status: 'STOPPED' });
  expect(await names()).toEqual(['m1']);
  await api.publish('m2');
  // The latest comes first, by S3's time, which counts seconds.
  expect((await names()).toSorted()).toEqual(['m1', 'm2']);
});

it('so are pages of streams in a state in which they are listed', async () => {
  const seen: unknown[] = [];
  let token = '';
  for (let pages = 0; pages < 5; pages++) {
    const { body } = await api.call('GET', `/streams?status=PUBLISHING&limit=1${token}`);
    seen.push(...(body.streams as { mediaSessionId: string }[]).map(({ mediaSessionId }) => mediaSessionId));
    if (body.nextToken === undefined) break;
    token = `&nextToken=${encodeURIComponent(String(body.nextToken))}`;
  }
  expect(seen).toEqual(['m1', 'm2']);
  expect((await api.call('GET', '/streams?status=UNPUBLISHED')).status).toBe(500);
});

it('files are told by their keys, without a look at parts', async () => {
  const recordingId = await api.startRecording('m1');
  await api.openPart(recordingId, Date.now(), 'one.mp4');
  expect(await post('/recorder/find_all')).toEqual([{ fileName: 'one.mp4', mediaSessionId: 'm1' }]);
  const recording = { recordingId, mediaSessionId: 'm1' };
  const files = [9, 10].map((part) => ({ part, fileName: `${part}.mp4` }));
  for (const file of files) await markWriting(api.store, recording, file);
  await spoil(partKey(recordingId, 1, 'open'));
  const both = files.map(({ fileName }) => ({ fileName, mediaSessionId: 'm1' }));
  expect(await post('/recorder/find_all')).toEqual(both);
  expect(await post('/stream/find', { name: 'm1' })).toMatchObject([{ record: true, recordName: '10.mp4' }]);
  await api.store.remove(partKey(recordingId, 1, 'open'));
  for (const file of files) await unmarkWriting(api.store, recording, file);
  expect(await post('/recorder/find_all')).toEqual([]);
  expect(await post('/stream/find', { name: 'm1' })).toMatchObject([{ record: true }]);
  await api.end(recordingId, Date.now());
  for (const filter of [{ name: 'm1' }, { mediaSessionId: 'm1' }]) {
    expect(await post('/stream/find', filter)).toMatchObject([{ record: false }]);
  }
});

it('files of recordings that have ended are not told, whatever their recorders left', async () => {
  const recording = { recordingId: newRecordingId(Date.now(), randomBytes(16)), mediaSessionId: 'm1' };
  await markWriting(api.store, recording, { part: 1, fileName: 'left.mp4' });
  expect(await post('/recorder/find_all')).toEqual([]);
});
