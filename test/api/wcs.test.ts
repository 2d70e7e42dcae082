import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api?.close());

const post = (route: string, body?: unknown) => api.call('POST', route, body === undefined ? {} : { body });

describe('WCS', () => {
  it('has an empty list of streams and of records before anything is published', async () => {
    for (const route of ['/stream/find_all', '/recorder/find_all']) {
      const answer = await post(`/rest-api${route}`);
      expect(answer).toMatchObject({ status: 200, body: [] });
    }
  });

  it.each(
    ['/rest-api', ''].flatMap((prefix) =>
      ['', '/', '//'].flatMap((slash) => [
        [`${prefix}/stream/startRecording${slash}`, `${prefix}/stream/stopRecording${slash}`],
        [`${prefix}/recorder/startup${slash}`, `${prefix}/recorder/terminate${slash}`],
      ]),
    ),
  )('%s and %s', async (start, stop) => {
    await api.publish('w1');
    const started = await post(start, { mediaSessionId: 'w1' });
    expect(started).toMatchObject({
      status: 200,
      body: { mediaSessionId: 'w1', status: 'starting', alreadyStarted: false },
    });
    const { recordingId } = started.body;
    expect((await post(start, { mediaSessionId: 'w1' })).body).toMatchObject({
      recordingId,
      alreadyStarted: true,
    });
    expect(await post(stop, { mediaSessionId: 'w1' })).toMatchObject({
      status: 200,
      body: { recordingId, mediaSessionId: 'w1', status: 'stopping' },
    });
    expect((await api.call('GET', `/recordings/${recordingId}`)).body).toHaveProperty('stopRequestedAt');
  });

  it('says which fields mean nothing here', async () => {
    await api.publish('w0');
    for (const route of ['/stream/startRecording', '/stream/stopRecording']) {
      const { body } = await post(route, { mediaSessionId: 'w0', rotation: 60, __proto__x: 1 });
      expect(body).toMatchObject({ ignoredFields: ['rotation', '__proto__x'] });
    }
  });

  it.each([
    ['POST', '/rest-api/stream/nothing', 404, 'route_not_found'],
    ['POST', '/recorder/', 404, 'route_not_found'],
    ['GET', '/rest-api/stream/find_all', 405, 'method_not_allowed'],
    ['GET', '/recorder/startup/', 405, 'method_not_allowed'],
  ])('%s %s', async (method, route, status, code) => {
    expect(await api.call(method, route)).toMatchObject({ status, body: { error: { code } } });
  });

  it('names the field of a config that cannot be used', async () => {
    await api.publish('w2');
    for (const [config, field] of [
      [{ format: 'h264-webm' }, 'config.format'],
      [{ rotation: '20G' }, 'config.rotation'],
      [{ fileTemplate: '{nothing}' }, 'config.fileTemplate'],
      [{ unknown: 1 }, 'config.unknown'],
    ]) {
      const answer = await post('/rest-api/recorder/startup', { mediaSessionId: 'w2', config });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request', field } } });
    }
    expect((await api.call('GET', '/recordings?mediaSessionId=w2')).body.recordings).toEqual([]);
  });

  it('starts another recording with another config, and shows what it replaces', async () => {
    await api.publish('w3');
    const first = await api.startRecording('w3');
    const config = { fileTemplate: '{streamName}-{startTime}-{endTime}', rotation: '20M', tags: { a: 'b' } };
    const second = await api.startRecording('w3', config);
    expect(second).not.toBe(first);
    expect(await api.startRecording('w3', config)).toBe(second);
    expect(await api.startRecording('w3')).toBe(second);
    expect((await api.call('GET', `/recordings/${second}`)).body).toMatchObject({
      replaces: first,
      settings: {
        rotation: { kind: 'size', everyBytes: 20 * 1024 * 1024 },
        names: { fileTemplate: config.fileTemplate },
        tags: { a: 'b' },
      },
    });
    expect((await api.call('GET', `/recordings/${first}`)).body.status).toBe('starting');
    await post('/recorder/terminate', { mediaSessionId: 'w3' });
    for (const id of [first, second]) {
      expect((await api.call('GET', `/recordings/${id}`)).body).toHaveProperty('stopRequestedAt');
    }
  });

  it('finds streams by any field, and the files that are being written', async () => {
    await api.publish('w4', { appKey: 'defaultApp', sessionId: '/192.168.1.102:34500/x', hasAudio: false });
    await api.publish('w5', { status: 'UNPUBLISHED' });
    const recordingId = await api.startRecording('w4');
    await api.openPart(recordingId, Date.now(), 'stream-w4-{endTime}.mp4');
    const item = {
      custom: {},
      nodeId: null,
      appKey: 'defaultApp',
      sessionId: '/192.168.1.102:34500/x',
      mediaSessionId: 'w4',
      name: 'w4',
      published: true,
      hasVideo: true,
      hasAudio: false,
      status: 'PUBLISHING',
      record: true,
      recordName: 'stream-w4-{endTime}.mp4',
      width: 0,
      height: 0,
      bitrate: 0,
      quality: 0,
      mediaProvider: null,
    };
    for (const filter of [
      { mediaSessionId: 'w4' },
      { name: 'w4', published: true },
      { hasAudio: false },
      { recordName: 'stream-w4-{endTime}.mp4' },
    ]) {
      expect(await post('/rest-api/stream/find', filter)).toMatchObject({ status: 200, body: [item] });
    }
    const all = (await post('/rest-api/stream/find_all')).body as unknown as { name: string }[];
    expect(all.map(({ name }) => name)).toContain('w4');
    expect(all.map(({ name }) => name)).not.toContain('w5');
    for (const filter of [{ name: 'nobody' }, { mediaSessionId: 'nobody' }, { colour: 'red' }]) {
      expect((await post('/rest-api/stream/find', filter)).status).toBe(404);
    }
    expect((await post('/rest-api/stream/find', { name: ['w4'] })).status).toBe(400);
    expect((await post('/rest-api/recorder/find_all')).body).toEqual([
      { fileName: 'stream-w4-{endTime}.mp4', mediaSessionId: 'w4' },
    ]);
    await api.end(recordingId, Date.now());
    expect((await post('/rest-api/recorder/find_all')).body).toEqual([]);
  });

  it('shows no secret of a source anywhere', async () => {
    expect(api.lines.length).toBeGreaterThan(10);
    expect(api.lines.filter((line) => line.includes('secret-key'))).toEqual([]);
  });
});
