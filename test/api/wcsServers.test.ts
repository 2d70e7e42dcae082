import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestApi } from './support.ts';

/** A WCS server that has one published stream, as its manual shows it, and one that answers nonsense. */
const ITEM = {
  custom: {},
  nodeId: null,
  appKey: 'defaultApp',
  sessionId: '/192.168.1.102:34500/192.168.1.101:8080',
  mediaSessionId: 'on-wcs',
  name: 'stream1',
  published: true,
  hasVideo: true,
  hasAudio: true,
  status: 'PUBLISHING',
  record: true,
  width: 0,
  height: 0,
  bitrate: 0,
  quality: 0,
  mediaProvider: 'Flash',
};
const servers: Server[] = [];
const asked: { url: string | undefined; body: unknown }[] = [];
let api: TestApi;

async function serve(answer: (mediaSessionId: string) => { status: number; text: string }): Promise<string> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += String(chunk);
    });
    request.on('end', () => {
      const body = JSON.parse(text) as { mediaSessionId: string };
      asked.push({ url: request.url, body });
      const { status, text: answered } = answer(body.mediaSessionId);
      response.writeHead(status).end(answered);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

beforeAll(async () => {
  const wcs = await serve((id) =>
    id === 'on-wcs'
      ? { status: 200, text: JSON.stringify([{ ...ITEM, mediaSessionId: 'another' }, ITEM]) }
      : { status: 404, text: '' },
  );
  const broken = await serve(() => ({ status: 200, text: '<html>' }));
  api = await TestApi.start({
    streamHooks: JSON.stringify({
      wcsServers: [broken, wcs, 'http://127.0.0.1:9'],
      sources: { defaultApp: 'rtsp://wcs.example:554/{streamName}' },
    }),
  });
});
afterAll(async () => {
  await api?.close();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

it('a stream that the registry does not know is asked for at WCS, and recorded', async () => {
  const started = await api.call('POST', '/rest-api/stream/startRecording', {
    body: { mediaSessionId: 'on-wcs' },
  });
  expect(started).toMatchObject({ status: 200, body: { status: 'starting' } });
  expect(asked).toContainEqual({
    url: '/rest-api/stream/find',
    body: { mediaSessionId: 'on-wcs', published: true },
  });
  expect((await api.call('GET', '/streams/on-wcs')).body).toMatchObject({
    name: 'stream1',
    appKey: 'defaultApp',
    sourceUrl: 'rtsp://wcs.example:554/***',
  });
  asked.length = 0;
  await api.call('POST', '/rest-api/stream/startRecording', { body: { mediaSessionId: 'on-wcs' } });
  expect(asked).toEqual([]);
});

it('a stream that nobody knows is not found', async () => {
  for (const route of ['/rest-api/stream/startRecording', '/recordings']) {
    expect(await api.call('POST', route, { body: { mediaSessionId: 'nowhere' } })).toMatchObject({
      status: 404,
      body: { error: { code: 'session_not_found' } },
    });
  }
});
