import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

describe('waiting for a recording', () => {
  const end = (id: string) => api.end(id, Date.now());
  const wait = (id: string, query: string, headers: Record<string, string> = {}) =>
    api.call('GET', `/recordings/${id}?${query}`, { headers });

  it('is answered as soon as it is so', async () => {
    const id = await api.seedRecording('w1');
    const waiting = wait(id, 'waitFor=ended&timeout=25');
    await end(id);
    expect((await waiting).body).toMatchObject({ recordingId: id, reason: { code: 'stopped' } });
  });

  it('is answered with the present state when the time is over', async () => {
    const id = await api.seedRecording('w2');
    const { headers, status, body } = await wait(id, 'waitFor=available&timeout=1');
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'starting' } });
    const etag = headers.get('etag') ?? '';
    expect((await wait(id, 'waitFor=available&timeout=1', { 'if-none-match': etag })).status).toBe(304);
  });

  it.each([
    ['waitFor=done', 'waitFor'],
    ['waitFor=ended&timeout=26', 'timeout'],
    ['waitFor=ended&timeout=0', 'timeout'],
    ['timeout=5', 'timeout'],
  ])('%s is refused', async (query, field) => {
    const id = await api.seedRecording('w3');
    expect(await wait(id, query)).toMatchObject({ status: 400, body: { error: { field } } });
  });
});

it('says after how long to try again where that is right', async () => {
  const id = await api.seedRecording('again');
  const active = await api.call('DELETE', `/recordings/${id}`);
  expect(active).toMatchObject({ status: 409, body: { error: { code: 'recording_active' } } });
  expect(active.headers.get('retry-after')).toBe('5');
  expect((await api.call('GET', '/recordings?limit=x')).headers.has('retry-after')).toBe(false);
});
