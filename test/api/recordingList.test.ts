import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingIds, TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api?.close());

const create = (body: unknown) => api.call('POST', '/recordings', { body });
const source = 'rtmp://media.example/live/x';

describe('GET /recordings', () => {
  it('is newest first, in pages that leave nothing out and repeat nothing', async () => {
    const made: unknown[] = [];
    for (let i = 0; i < 7; i++) {
      made.push((await create({ sourceUrl: source, streamName: 'paged' })).body.recordingId);
    }
    const seen: string[] = [];
    let token: unknown;
    do {
      const query = token === undefined ? '' : `&nextToken=${encodeURIComponent(String(token))}`;
      const page = await api.call('GET', `/recordings?stream=paged&limit=3${query}`);
      expect(page.status).toBe(200);
      seen.push(...recordingIds(page.body));
      expect(recordingIds(page.body).length).toBeLessThanOrEqual(3);
      token = page.body.nextToken;
    } while (token !== undefined);
    // Ids of the same millisecond sort by chance.
    expect(seen).toEqual([...seen].sort().reverse());
    expect([...seen].sort()).toEqual([...made].sort());
  });

  it('filters by status, stream, session and time', async () => {
    await api.publish('f1', { name: 'filtered' });
    const before = new Date().toISOString();
    const first = await api.startRecording('f1');
    await api.end(first, Date.now());
    const second = await api.startRecording('f1');
    const after = new Date(Date.now() + 1).toISOString();
    const listed = async (query: string) =>
      recordingIds((await api.call('GET', `/recordings?${query}`)).body);
    expect(await listed('stream=filtered')).toEqual([second, first]);
    for (const piece of ['filtered', 'FILTER', 'ltere'])
      expect(await listed(`mediaSessionId=f1&streamContains=${piece}`)).toEqual([second, first]);
    expect(await listed('mediaSessionId=f1&streamContains=filtered+')).toEqual([]);
    expect(await listed('mediaSessionId=f1&status=starting')).toEqual([second]);
    expect(await listed('mediaSessionId=f1&status=active')).toEqual([second]);
    expect(await listed('mediaSessionId=f1&status=recording')).toEqual([]);
    expect(await listed('mediaSessionId=f1&status=available')).toEqual([first]);
    expect(await listed(`mediaSessionId=f1&from=${before}&to=${after}`)).toEqual([second, first]);
    expect(await listed(`mediaSessionId=f1&from=${after}`)).toEqual([]);
    expect(await listed(`mediaSessionId=f1&to=${new Date(Date.parse(before) - 1).toISOString()}`)).toEqual(
      [],
    );
    const { body } = await api.call('GET', '/recordings?mediaSessionId=f1&status=available');
    expect(body.recordings).toMatchObject([
      { streamName: 'filtered', status: 'available', parts: 0, reason: { code: 'stopped' } },
    ]);
  });

  it('filters by room and by tag', async () => {
    await api.publish('t1', { room: 'red room' });
    const tags = { team: 'news', 'a=b': 'c' };
    const config = { tags };
    const inRoom = await api.startRecording('t1', config);
    await api.publish('t2');
    const outside = await api.startRecording('t2', { tags: { team: 'sports' } });
    const listed = async (query: Record<string, string>) =>
      recordingIds((await api.call('GET', `/recordings?${new URLSearchParams(query)}`)).body);
    expect(await listed({ room: 'red room' })).toEqual([inRoom]);
    expect(await listed({ room: 'no room' })).toEqual([]);
    expect((await listed({ tag: 'team' })).sort()).toEqual([inRoom, outside].sort());
    expect(await listed({ tag: 'team=news' })).toEqual([inRoom]);
    expect(await listed({ tag: 'a=b=c', room: 'red room' })).toEqual([inRoom]);
    expect(await listed({ tag: 'news' })).toEqual([]);
  });

  it.each([
    ['status=recorded', 'status'],
    ['streamContains=', 'streamContains'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['from=yesterday', 'from'],
    ['to=2026-13-45', 'to'],
    ['nextToken=c3RhdGUvbG9ja3MvYQ', 'nextToken'],
    ['nextToken=%00', 'nextToken'],
    ['page=2', 'page'],
  ])('?%s is refused', async (query, field) => {
    expect(await api.call('GET', `/recordings?${query}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field } },
    });
  });
});
