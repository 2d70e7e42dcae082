import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobKey } from '../../functions/core/state/keys.ts';
import { jobSchema } from '../../functions/core/state/objects.ts';
import { TestApi } from './support.ts';

const secret = 'a-secret-of-hooks';
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({
    streamHooks: JSON.stringify({
      secretsSha256: [createHash('sha256').update(secret).digest('hex')],
      sources: {
        '*': 'rtmp://media.example/{app}/{streamName}',
        cameras: {
          sourceUrl: 'rtsp://{username}:{password}@media.example/{streamName}',
          sourceSecret: 'cameras/reader',
        },
      },
      recordNever: ['private*'],
    }),
    sourceSecrets: { 'cameras/reader': { username: 'guard', password: 'kept-secret' } },
  });
});
afterAll(() => api?.close());

const hook = (server: string, text: string, headers: Record<string, string> = {}, key = secret) =>
  api.call('POST', `/hooks/${key}/${server}`, { text, headers });
const streamOf = (id: string) => api.call('GET', `/streams/${encodeURIComponent(id)}`);
const recordingsOf = async (id: string) =>
  (await api.call('GET', `/recordings?mediaSessionId=${encodeURIComponent(id)}`)).body.recordings as {
    recordingId: string;
    stopRequestedAt?: string;
  }[];
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('hooks', () => {
  it('are refused without a secret of this deployment, whatever they say', async () => {
    for (const server of ['nginx-rtmp', 'srs', 'nothing']) {
      expect(await hook(server, 'x', form, 'wrong')).toMatchObject({
        status: 403,
        body: { error: { code: 'hook_refused' } },
      });
    }
    expect((await hook('nothing', '{}')).status).toBe(404);
    expect((await api.call('GET', `/hooks/${secret}/srs`)).status).toBe(405);
  });

  it('of nginx-rtmp register a stream, record it on demand, and end its recording', async () => {
    const say = (call: string, more = '') =>
      hook('nginx-rtmp', `call=${call}&app=live&name=cam&addr=10.0.0.1&clientid=7&type=live${more}`, form);
    expect((await say('publish', '&record=true')).status).toBe(200);
    expect(await streamOf('live/cam')).toMatchObject({
      status: 200,
      body: { name: 'cam', status: 'PUBLISHING', record: true, sourceUrl: 'rtmp://media.example/live/***' },
    });
    await Promise.all(Array.from({ length: 10 }, () => say('publish', '&record=true')));
    await say('update_publish', '&record=true');
    expect(await recordingsOf('live/cam')).toHaveLength(1);
    await say('publish_done');
    expect((await streamOf('live/cam')).body.status).toBe('UNPUBLISHED');
    expect((await recordingsOf('live/cam'))[0]).toHaveProperty('stopRequestedAt');
  });

  it('of a server that asks recorders for credentials record with the name of its secret', async () => {
    await hook('nginx-rtmp', 'call=publish&app=cameras&name=door&clientid=8&record=true', form);
    expect((await streamOf('cameras/door')).body).toMatchObject({
      sourceUrl: 'rtsp://media.example/***',
      sourceSecret: 'cameras/reader',
    });
    const [recording] = await recordingsOf('cameras/door');
    const job = await api.store.read(jobKey(recording?.recordingId ?? ''), jobSchema);
    expect(job?.value.source).toEqual({
      url: 'rtsp://{username}:{password}@media.example/door',
      secret: 'cameras/reader',
    });
  });

  it('of SRS and OvenMediaEngine get the replies that these servers expect', async () => {
    const srs = { action: 'on_publish', client_id: 'c', app: 'live', stream: 'srs', param: '?record=true' };
    expect((await hook('srs', JSON.stringify(srs))).body).toEqual({ code: 0, data: null });
    expect(await recordingsOf('live/srs')).toHaveLength(1);
    const body = JSON.stringify({
      client: { address: '10.0.0.1', port: 1 },
      request: {
        direction: 'incoming',
        protocol: 'WebRTC',
        status: 'opening',
        url: 'ws://h:3333/app/private1?record=true',
        time: new Date().toISOString(),
      },
    });
    const signature = createHmac('sha1', secret).update(body).digest('base64url');
    expect(await hook('ome', body, { 'x-ome-signature': signature })).toMatchObject({
      status: 200,
      body: { allowed: true },
    });
    expect((await streamOf('app/private1')).body.status).toBe('PUBLISHING');
    expect(await recordingsOf('app/private1')).toEqual([]);
    expect((await hook('ome', body, { 'x-ome-signature': 'AAAA' })).status).toBe(403);
  });

  it('of WCS are answered with the same object', async () => {
    const wcs = async (method: string, body: object) => {
      const answer = await hook(`wcs/${method}`, JSON.stringify(body));
      expect(answer).toMatchObject({ status: 200, body });
    };
    const stream = {
      nodeId: 'n',
      appKey: 'defaultApp',
      sessionId: '/1.2.3.4:5/x',
      mediaSessionId: 'wcs-1',
      name: 'cam',
      published: true,
      record: true,
      status: 'PENDING',
      custom: {},
    };
    await wcs('connect', { nodeId: 'n', appKey: 'defaultApp', sessionId: stream.sessionId });
    await wcs('publishStream', stream);
    expect((await streamOf('wcs-1')).body.status).toBe('PENDING');
    expect(await recordingsOf('wcs-1')).toEqual([]);
    await wcs('StreamStatusEvent', { ...stream, status: 'PUBLISHING', width: 640, height: 360 });
    expect(await recordingsOf('wcs-1')).toHaveLength(1);
    const found = await api.call('POST', '/rest-api/stream/find', { body: { mediaSessionId: 'wcs-1' } });
    expect(found.body).toMatchObject([{ appKey: 'defaultApp', nodeId: 'n', width: 640, record: true }]);
    await wcs('unPublishStream', stream);
    await wcs('StreamStatusEvent', { ...stream, status: 'PUBLISHING' });
    expect((await streamOf('wcs-1')).body.status).toBe('UNPUBLISHED');
    expect(await recordingsOf('wcs-1')).toHaveLength(1);
  });

  it('of any server are one line: MediaMTX with curl', async () => {
    const fields = new URLSearchParams({
      event: 'publish',
      name: 'cams/1',
      query: 'record=true',
      sourceUrl: 'rtsp://h:8554/cams/1',
    });
    expect((await hook('stream', fields.toString(), form)).status).toBe(200);
    expect(await recordingsOf('cams/1')).toHaveLength(1);
    await hook('stream', '{"event":"unpublish","name":"cams/1"}');
    expect((await streamOf('cams/1')).body.status).toBe('UNPUBLISHED');
  });

  it('put neither their secret nor a source into a log', () => {
    expect(api.lines.length).toBeGreaterThan(10);
    expect(api.lines.filter((line) => line.includes(secret) || line.includes('rtsp://'))).toEqual([]);
  });
});

it('a deployment without secrets takes no hook', async () => {
  const closed = await TestApi.start();
  expect((await closed.call('POST', '/hooks/x/srs', { text: '{}' })).status).toBe(403);
  await closed.close();
});
