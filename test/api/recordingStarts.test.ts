import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobKey } from '../../functions/core/state/keys.ts';
import { jobSchema } from '../../functions/core/state/objects.ts';
import { recordingIds, TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({
    sourceSecrets: { 'cameras/lobby': { username: 'guard', password: 'kept-secret' } },
  });
});
afterAll(() => api?.close());

const create = (body: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', '/recordings', { body, headers });
const get = (id: unknown) => api.call('GET', `/recordings/${id}`);
const source = 'rtmp://user:pass@media.example/live/secret-key?token=abc';

describe('POST /recordings', () => {
  it('records a stream of the registry, once', async () => {
    await api.publish('c1');
    const first = await create({ mediaSessionId: 'c1', config: { rotation: 60 } });
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`/recordings/${first.body.recordingId}`);
    expect(first.body).toMatchObject({ mediaSessionId: 'c1', status: 'starting', alreadyStarted: false });
    const again = await create({ mediaSessionId: 'c1' });
    expect(again).toMatchObject({
      status: 200,
      body: { recordingId: first.body.recordingId, alreadyStarted: true },
    });
  });

  it('records a source by its URL, and never shows its secrets', async () => {
    const answer = await create({ sourceUrl: source, streamName: 'camera' });
    expect(answer).toMatchObject({ status: 201, body: { mediaSessionId: answer.body.recordingId } });
    const shown = await get(answer.body.recordingId);
    expect(shown.body).toMatchObject({ streamName: 'camera', source: 'rtmp://media.example/live/***' });
    expect(JSON.stringify(shown.body)).not.toMatch(/pass|secret-key|abc/);
    const job = await api.store.read(jobKey(String(answer.body.recordingId)), jobSchema);
    expect(job?.value.source.url).toBe(source);
  });

  it('takes the name of a secret in place of credentials, which then are nowhere in state', async () => {
    const sourceUrl = 'rtsp://{username}:{password}@camera.example/1';
    const direct = await create({ sourceUrl, sourceSecret: 'cameras/lobby' });
    await api.publish('c-secret', { sourceUrl, sourceSecret: 'cameras/lobby' });
    const announced = await create({ mediaSessionId: 'c-secret' });
    for (const { status, body } of [direct, announced]) {
      expect(status).toBe(201);
      const job = await api.store.read(jobKey(String(body.recordingId)), jobSchema);
      expect(job?.value.source).toEqual({ url: sourceUrl, secret: 'cameras/lobby' });
      expect((await get(body.recordingId)).body.source).toBe('rtsp://camera.example/***');
    }
    expect((await api.call('GET', '/streams/c-secret')).body.sourceSecret).toBe('cameras/lobby');
    expect(api.lines.join()).not.toContain('kept-secret');
  });

  it.each([
    [{ sourceUrl: 'rtsp://{password}@h/1', sourceSecret: 'cameras/other' }, 'sourceSecret'],
    [{ sourceUrl: 'rtsp://h/1', sourceSecret: 'cameras/lobby' }, 'sourceUrl'],
    [{ mediaSessionId: 'c1', sourceSecret: 'cameras/lobby' }, 'sourceSecret'],
    [{}, 'mediaSessionId'],
    [{ mediaSessionId: '' }, 'mediaSessionId'],
    [{ mediaSessionId: 'c1', streamName: 'x' }, 'streamName'],
    [{ sourceUrl: 'file:///etc/passwd' }, 'sourceUrl'],
    [{ sourceUrl: 'http://169.254.170.2/v2/credentials' }, 'sourceUrl'],
    [{ sourceUrl: 'rtmp://0xa9fea9fe/live/key' }, 'sourceUrl'],
    [{ sourceUrl: 'rtmp://h/x', config: { sources: { privateNetworks: ['0.0.0.0/0'] } } }, 'config.sources'],
    [{ sourceUrl: 'rtmp://h/x', other: 1 }, 'other'],
    [{ sourceUrl: 'rtmp://h/x', waitSeconds: 5 }, 'waitSeconds'],
    [{ sourceUrl: 'rtmp://h/x', config: { format: 'h264-webm' } }, 'config.format'],
  ])('%j is refused', async (body, field) => {
    expect(await create(body)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field } },
    });
  });

  it('answers an unknown stream with 404', async () => {
    expect(await create({ mediaSessionId: 'nobody' })).toMatchObject({
      status: 404,
      body: { error: { code: 'session_not_found' } },
    });
  });
});

describe('a recording of a stream that is not there yet', () => {
  const reserve = (mediaSessionId: string) =>
    create({ mediaSessionId, waitSeconds: 60, config: { rotation: 60 } });
  const listed = async (mediaSessionId: string) =>
    recordingIds((await api.call('GET', `/recordings?mediaSessionId=${mediaSessionId}`)).body);

  it('is reserved, and starts once when the stream is published', async () => {
    expect(await reserve('later')).toMatchObject({ status: 202, body: { status: 'reserved' } });
    expect(await listed('later')).toEqual([]);
    await api.publish('later', { status: 'PENDING' });
    expect(await listed('later')).toEqual([]);
    await api.publish('later');
    const [id, ...others] = await listed('later');
    expect(others).toEqual([]);
    expect((await get(id)).body).toMatchObject({ settings: { rotation: { kind: 'time', everyMs: 60_000 } } });
    await api.call('POST', `/recordings/${id}/stop`);
    await api.publish('later');
    expect(await listed('later')).toEqual([id]);
  });

  it('starts at once where the stream is there', async () => {
    await api.publish('there');
    expect(await reserve('there')).toMatchObject({ status: 201, body: { status: 'starting' } });
  });

  it('can be cancelled', async () => {
    await reserve('cancelled');
    const stop = () => api.call('POST', '/stream/stopRecording', { body: { mediaSessionId: 'cancelled' } });
    expect(await stop()).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect((await stop()).status).toBe(404);
    await api.publish('cancelled');
    expect(await listed('cancelled')).toEqual([]);
  });
});

describe('Idempotency-Key', () => {
  it('makes one recording of many requests at once and later', async () => {
    const headers = { 'idempotency-key': 'k1' };
    const many = await Promise.all(Array.from({ length: 12 }, () => create({ sourceUrl: source }, headers)));
    many.push(await create({ sourceUrl: source }, headers));
    expect(new Set(many.map(({ body }) => body.recordingId)).size).toBe(1);
    for (const { status } of many) expect([200, 201]).toContain(status);
    const launched = recordingIds((await api.call('GET', '/recordings?limit=100')).body);
    expect(launched.filter((id) => id === many[0]?.body.recordingId)).toHaveLength(1);
  });

  it('gives the same answer after the recording has ended', async () => {
    const headers = { 'idempotency-key': 'k2' };
    await api.publish('i1');
    const first = await create({ mediaSessionId: 'i1' }, headers);
    await api.call('POST', `/recordings/${first.body.recordingId}/stop`);
    await api.end(String(first.body.recordingId), Date.now());
    expect((await create({ mediaSessionId: 'i1' }, headers)).body).toEqual(first.body);
    expect((await create({ mediaSessionId: 'i1' })).body.recordingId).not.toBe(first.body.recordingId);
  });

  it('is refused for another request, and when it is no key', async () => {
    const headers = { 'idempotency-key': 'k3' };
    await create({ sourceUrl: source }, headers);
    expect(await create({ sourceUrl: `${source}2` }, headers)).toMatchObject({
      status: 422,
      body: { error: { code: 'idempotency_key_reused', field: 'Idempotency-Key' } },
    });
    expect(await create({ sourceUrl: source }, { 'idempotency-key': 'x'.repeat(256) })).toMatchObject({
      status: 400,
      body: { error: { field: 'Idempotency-Key' } },
    });
  });
});
