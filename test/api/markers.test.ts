import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { markWriting, unmarkWriting } from '../../functions/core/protocol/active.ts';
import { LISTED_MARKED_KEY, partKey, sessionKey } from '../../functions/core/state/keys.ts';
import { TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
  // Its first reconcile has marked what there was before.
  await vi.waitUntil(async () => (await api.store.list(LISTED_MARKED_KEY)).length === 1, 20_000);
}, 60_000);
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
  expect(await names()).toEqual(['m2', 'm1']);
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

it('files are told by the recording marker, without a look at its parts', async () => {
  const recordingId = await api.startRecording('m1');
  await api.openPart(recordingId, Date.now(), 'one.mp4');
  expect(await post('/recorder/find_all')).toEqual([{ fileName: 'one.mp4', mediaSessionId: 'm1' }]);
  await spoil(partKey(recordingId, 1, 'open'));
  await markWriting(api.store, recordingId, { part: 1, fileName: 'one.mp4' });
  await markWriting(api.store, recordingId, { part: 2, fileName: 'two.mp4' });
  const both = ['one.mp4', 'two.mp4'].map((fileName) => ({ fileName, mediaSessionId: 'm1' }));
  expect(await post('/recorder/find_all')).toEqual(both);
  for (const filter of [{ name: 'm1' }, { mediaSessionId: 'm1' }]) {
    expect(await post('/stream/find', filter)).toMatchObject([{ record: true, recordName: 'two.mp4' }]);
  }
  await unmarkWriting(api.store, recordingId, new Set([1, 2]));
  expect(await post('/recorder/find_all')).toEqual([]);
  expect(await post('/stream/find', { name: 'm1' })).toMatchObject([{ record: true }]);
  await api.end(recordingId, Date.now());
  for (const filter of [{ name: 'm1' }, { mediaSessionId: 'm1' }]) {
    expect(await post('/stream/find', filter)).toMatchObject([{ record: false }]);
  }
});
