import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { Announcer } from '../../../../infra/local/ingest/announcer.ts';
import { type Ingest, startIngest } from '../../../../infra/local/ingest/ingest.ts';
import { Child, waitFor } from '../../../support/children.ts';
import { counterStreamArgs } from '../../../support/counterStream.ts';
import { describeWith } from '../../../support/tools.ts';

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: unknown;
}

/** Stands for the HTTP API; `statuses` are its next answers, then 200. */
let registry: Server;
let apiUrl: string;
let folder: string;
let calls: Call[];
let statuses: number[];
let lines: string[];

beforeEach(async () => {
  calls = [];
  statuses = [];
  lines = [];
  registry = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    calls.push({
      method: request.method,
      url: request.url,
      body: body === '' ? undefined : JSON.parse(body),
    });
    response.writeHead(statuses.shift() ?? 200).end('{}');
  });
  apiUrl = await listenOnLoopback(registry);
  folder = await mkdtemp(path.join(tmpdir(), 'ingest-'));
});

afterEach(async () => {
  await closeServer(registry);
  await rm(folder, { recursive: true, force: true });
});

const shown = () => calls.map(({ method, url }) => `${method} ${url}`);

describe('the announcer', () => {
  function make(): { announcer: Announcer; logged: string[]; announced: string[][] } {
    const logged: string[] = [];
    const announced: string[][] = [];
    const announcer = new Announcer({
      apiUrl,
      retryDelaysMs: [1],
      onLog: (level, message, mediaSessionId) => logged.push(`${level} ${mediaSessionId}: ${message}`),
      onAnnounced: (names) => announced.push([...names]),
    });
    return { announcer, logged, announced };
  }

  it('puts and deletes a stream', async () => {
    const { announcer, announced } = make();
    announcer.publish('a b', 'rtmp://127.0.0.1:1/live/key');
    await waitFor('the first call', () => calls[0]);
    await announcer.close(5_000);
    expect(calls).toEqual([
      {
        method: 'PUT',
        url: '/streams/a%20b',
        body: { name: 'a b', sourceUrl: 'rtmp://127.0.0.1:1/live/key', eventAtMs: expect.any(Number) },
      },
      { method: 'DELETE', url: '/streams/a%20b', body: undefined },
    ]);
    expect(announced.at(0)).toEqual(['a b']);
    expect(announced.at(-1)).toEqual([]);
  });

  it('tries again while the registry fails, and tells no URL in its log', async () => {
    statuses = [503, 500];
    const { announcer, logged } = make();
    announcer.publish('s', 'rtmp://127.0.0.1:1/live/secret');
    await waitFor('the third call', () => calls[2]);
    await announcer.close(5_000);
    expect(shown()).toEqual(['PUT /streams/s', 'PUT /streams/s', 'PUT /streams/s', 'DELETE /streams/s']);
    expect(logged.slice(0, 2)).toEqual([
      'WARN s: the registry answered 503; tried again in 1 ms',
      'WARN s: the registry answered 500; tried again in 1 ms',
    ]);
    expect(logged.join()).not.toContain('secret');
  });

  it.each([404, 409])('takes %i for done', async (status) => {
    statuses = [status];
    const { announcer, logged } = make();
    announcer.unpublish('s');
    await announcer.close(5_000);
    expect(shown()).toEqual(['DELETE /streams/s']);
    expect(logged).toEqual(['INFO s: stream unpublished']);
  });

  it('says why the registry will never take a stream', async () => {
    statuses = [400];
    const { announcer, logged } = make();
    announcer.publish('s', 'rtmp://127.0.0.1:1/live/s');
    await waitFor('the answer', () => logged.find((line) => line.startsWith('ERROR')));
    await announcer.close(5_000);
    expect(logged[0]).toBe('ERROR s: the registry refused the stream: {}');
  });

  it('sends one request of a stream at a time, and the latest news only', async () => {
    const { announcer } = make();
    for (let i = 0; i < 5; i++) announcer.publish('s', `rtmp://127.0.0.1:1/live/${i}`);
    await announcer.close(5_000);
    expect(shown().at(-1)).toBe('DELETE /streams/s');
    expect(calls.length).toBeLessThan(4);
  });

  it('gives up when it is closed and the registry stays away', async () => {
    await closeServer(registry);
    const { announcer } = make();
    announcer.publish('s', 'rtmp://127.0.0.1:1/live/s');
    await announcer.close(30);
    announcer.publish('late', 'rtmp://127.0.0.1:1/live/late');
    await announcer.close(0);
    expect(calls).toEqual([]);
  });
});

const start = (port = 0): Promise<Ingest> =>
  startIngest({ port, dataDir: folder, apiUrl, onLog: (line) => lines.push(line) });

it('says that its port is taken, and the process lives on', async () => {
  const port = Number(new URL(apiUrl).port);
  await expect(start(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

describeWith(['ffmpeg'], 'the ingest', () => {
  const publish = (url: string): Child =>
    new Child('ffmpeg', [
      '-nostdin',
      '-loglevel',
      'error',
      ...counterStreamArgs({ audio: false }),
      '-f',
      'flv',
      url,
    ]);

  it('announces a stream when it is published and when it is gone', async () => {
    const ingest = await start();
    const publisher = publish(`${ingest.url}/live/camera`);
    await waitFor('the announcement', () => calls[0]);
    expect(calls[0]).toMatchObject({
      method: 'PUT',
      url: '/streams/camera',
      body: { name: 'camera', sourceUrl: `${ingest.url}/live/camera` },
    });
    // A second publisher of the same name is refused, and changes nothing.
    const second = publish(`${ingest.url}/live/camera`);
    await once(second.process, 'exit');
    expect(second.output).toContain('live/camera is being published already.');
    expect(shown()).toEqual(['PUT /streams/camera']);
    await publisher.stop('SIGKILL');
    await waitFor('the end', () => calls[1]);
    expect(shown()[1]).toBe('DELETE /streams/camera');
    await ingest.close(5_000);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'INFO', message: 'stream published', mediaSessionId: 'camera' }),
    );
  });

  it('takes the names that people choose, records what asks for it, and says what it refuses to both sides', async () => {
    const ingest = await start();
    const name = 'зал 1/камера é100%';
    // A space ends an address for librtmp.
    const publisher = publish(`${ingest.url}/live/${encodeURI(name)}?record=true`);
    await waitFor('the start', () => calls[1]);
    const [announced, started] = calls;
    const { sourceUrl = '' } = (announced?.body ?? {}) as { sourceUrl?: string };
    expect(announced).toMatchObject({
      url: `/streams/${encodeURIComponent(name.replaceAll('%', '%25'))}`,
      body: { name },
    });
    expect(started).toMatchObject({ method: 'POST', url: '/recordings', body: { mediaSessionId: name } });
    // What was announced is played, by the same ffmpeg that records.
    const player = new Child('ffmpeg', ['-nostdin', '-i', sourceUrl, '-frames:v', '1', '-f', 'null', '-']);
    expect(await once(player.process, 'exit')).toEqual([0, null]);
    const refused = publish(`${ingest.url}/live/${'n'.repeat(300)}`);
    await once(refused.process, 'exit');
    const reason = 'The stream name has 300 characters; 256 are allowed.';
    expect(refused.output).toContain(reason);
    await waitFor('our own log', () => lines.find((line) => line.includes(reason)));
    await publisher.stop('SIGKILL');
    await ingest.close(5_000);
    expect(calls.at(-1)).toMatchObject({ method: 'DELETE', url: announced?.url });
  });

  it('withdraws its streams when it closes, and those of a run that was killed', async () => {
    const first = await start();
    const publisher = publish(`${first.url}/live/left`);
    await waitFor('the announcement', () => calls[0]);
    statuses = Array.from({ length: 100 }, () => 503);
    await first.close(50);
    await publisher.stop();
    expect(JSON.parse(await readFile(path.join(folder, 'announced.json'), 'utf8'))).toEqual(['left']);
    statuses = [];
    const second = await start();
    await waitFor('the withdrawal', () => (shown().at(-1) === 'DELETE /streams/left' ? true : undefined));
    await second.close(5_000);
    expect(JSON.parse(await readFile(path.join(folder, 'announced.json'), 'utf8'))).toEqual([]);
  });
});
