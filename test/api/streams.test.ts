import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api?.close());

it('says whether it is well', async () => {
  expect(await api.call('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

it('shows a stream as announced, without the secrets of its source', async () => {
  await api.publish('a/b ü', { name: 'camera', eventAtMs: 5 });
  const shown = await api.call('GET', `/streams/${encodeURIComponent('a/b ü')}`);
  expect(shown).toMatchObject({
    status: 200,
    body: { mediaSessionId: 'a/b ü', name: 'camera', sourceUrl: 'rtmp://media.example/live/***' },
  });
  expect(await api.call('GET', '/streams/nobody')).toMatchObject({
    status: 404,
    body: { error: { code: 'session_not_found', field: 'mediaSessionId' } },
  });
});

it('lists streams in pages, by name and status', async () => {
  for (let i = 0; i < 7; i++) await api.publish(`l${i}`, { name: 'listed' });
  await api.call('DELETE', '/streams/l3');
  const seen: string[] = [];
  let token: unknown;
  do {
    const query = token === undefined ? '' : `&nextToken=${String(token)}`;
    const page = await api.call('GET', `/streams?name=listed&status=PUBLISHING&limit=2${query}`);
    expect(page.status).toBe(200);
    seen.push(...(page.body.streams as { mediaSessionId: string }[]).map((one) => one.mediaSessionId));
    token = page.body.nextToken;
  } while (token !== undefined);
  expect(seen).toEqual(['l0', 'l1', 'l2', 'l4', 'l5', 'l6']);
  expect(await api.call('GET', '/streams?nextToken=c3RhdGUvbG9ja3MvYQ')).toMatchObject({
    status: 400,
    body: { error: { field: 'nextToken' } },
  });
});

it('an older event never replaces a newer one', async () => {
  await api.publish('s1', { eventAtMs: 1_000 });
  const late = await api.call('PUT', '/streams/s1', {
    body: { name: 'late', sourceUrl: 'rtmp://h/x', eventAtMs: 999 },
  });
  expect(late).toMatchObject({ status: 409, body: { error: { code: 'stale_event', field: 'eventAtMs' } } });
  expect((await api.call('GET', '/streams/s1')).body.name).toBe('s1');
});

it('announces no stream that is where no source may be', async () => {
  const body = { name: 'x', sourceUrl: 'rtmp://169.254.169.254/live/key' };
  expect(await api.call('PUT', '/streams/metadata', { body })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', field: 'sourceUrl' } },
  });
  expect((await api.call('GET', '/streams/metadata')).status).toBe(404);
});
