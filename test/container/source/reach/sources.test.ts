import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lookup } from '../../../../functions/aws/dnsResolution.ts';
import type { RecordingSettings } from '../../../../functions/core/settings/settings.ts';
import { closeServer, listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { type Child, waitFor } from '../../../support/children.ts';
import { publishCounter } from '../../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import type { Recorded } from '../../../support/recorderBench.ts';
import { TlsFront } from '../../../support/tlsFront.ts';
import { describeWith } from '../../../support/tools.ts';

/** Names that no resolver but the recorder's own knows: ffmpeg cannot have asked by itself. */
const lookup: Lookup = async (host) => {
  // Of two servers the first is down.
  if (host === 'two.test') return ['127.0.0.3', '127.0.0.1'];
  if (host !== 'media.test') throw new Error(`getaddrinfo ENOTFOUND ${host}`);
  return ['127.0.0.1'];
};

describeWith(['ffmpeg', 'nginxRtmp'], 'a source that may be reached', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let server: Server;
  let httpPort: number;
  let nginx: NginxRtmp;
  let rtmpPort: number;
  let publisher: Child;
  let https: TlsFront;
  let rtmps: TlsFront;
  const played: URLSearchParams[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    const encoded = [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25', '-t', '6', '-c:v', 'libx264', '-g', '25'],
      ...['-pix_fmt', 'yuv420p'],
    ];
    folder.make('file.flv', [...encoded, '-f', 'flv']);
    folder.make('list.m3u8', [
      ...[
        ...encoded,
        '-f',
        'hls',
        '-hls_segment_type',
        'fmp4',
        '-hls_time',
        '2',
        '-hls_playlist_type',
        'vod',
      ],
    ]);
    const files = new Map<string, Buffer>();
    for (const name of await readdir(folder.path)) files.set(`/${name}`, await readFile(folder.file(name)));
    server = createServer((request, response) => {
      asked.push(`${request.headers.host} ${request.url}`);
      if (request.url === '/play-hook') {
        void readBody(request).then((body) => {
          played.push(new URLSearchParams(body));
          response.end();
        });
        return;
      }
      if (request.url === '/moved.flv') {
        response.writeHead(302, { location: `https://media.test:${https.port}/file.flv` }).end();
        return;
      }
      if (request.url === '/private.flv') {
        const isKnown = request.headers.authorization === `Basic ${btoa('user:p@ss')}`;
        if (isKnown) response.end(files.get('/file.flv'));
        else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        return;
      }
      if (request.url === '/held.flv') {
        const held = files.get('/file.flv') ?? Buffer.alloc(0);
        response.writeHead(200, { 'content-length': held.length + 1 }).write(held);
        return;
      }
      const bytes = files.get(request.url ?? '');
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    });
    const url = await listenOnLoopback(server);
    httpPort = Number(new URL(url).port);
    nginx = await NginxRtmp.start({ playHookUrl: `${url}/play-hook` });
    rtmpPort = Number(new URL(nginx.url).port);
    publisher = publishCounter(`${nginx.url}/camera`);
    https = await TlsFront.start(httpPort, folder);
    rtmps = await TlsFront.start(rtmpPort, folder);
    await nginx.published('camera');
  }, 180_000);
  afterAll(async () => {
    await publisher.stop('SIGKILL');
    await nginx.stop();
    await Promise.all([https.close(), rtmps.close(), closeServer(server)]);
  });

  const frames = ({ objects }: Recorded): number =>
    [...objects.parts.values()].reduce((sum, { final }) => sum + (final?.videoFrames ?? 0), 0);

  /** Records a live stream for as long as it takes to see it, and then stops it. */
  async function recordLive(
    url: string,
    meanwhile: () => void = () => undefined,
    settings: Partial<RecordingSettings> = {},
  ): Promise<Recorded> {
    const recordingId = await bench.createJob(url, settings);
    const attempt = bench.run(recordingId, 1, lookup);
    let ended = false;
    void attempt.reason.finally(() => {
      ended = true;
    });
    await waitFor('the first part', async () => {
      if (ended) throw new Error(`it ended: ${JSON.stringify(await attempt.reason)}`);
      return (await bench.objects(recordingId)).parts.size > 0 ? true : undefined;
    });
    meanwhile();
    attempt.stop.ask('stopped');
    return { recordingId, reason: await attempt.reason, objects: await bench.objects(recordingId) };
  }

  it('over RTMP gets its host name, though an address is connected to', async () => {
    const recorded = await recordLive(`rtmp://user:pass@media.test:${rtmpPort}/live/camera?token=secret`);
    expect(recorded.reason.code).toBe('stopped');
    expect(frames(recorded)).toBeGreaterThan(0);
    const { app, name, tcurl, token } = Object.fromEntries(played.at(-1) ?? []);
    expect({ app, name, tcurl, token }).toEqual({
      app: 'live',
      name: 'camera',
      tcurl: `rtmp://media.test:${rtmpPort}/live`,
      token: 'secret',
    });
  });

  it('over RTMP with TLS gets its host name for the certificate', async () => {
    const recorded = await recordLive(`rtmps://media.test:${rtmps.port}/live/camera`);
    expect(frames(recorded)).toBeGreaterThan(0);
    expect(rtmps.serverNames).toContain('media.test');
    expect(played.at(-1)?.get('tcurl')).toBe(`rtmps://media.test:${rtmps.port}/live`);
  });

  it('is found where one of its addresses does not answer', async () => {
    const recorded = await recordLive(`rtmp://two.test:${rtmpPort}/live/camera`);
    expect(frames(recorded)).toBeGreaterThan(0);
    const overHttp = await bench.record(`http://two.test:${httpPort}/file.flv`, {}, lookup);
    expect(frames(overHttp)).toBe(150);
  });

  it.each([
    ['HTTP', () => `http://media.test:${httpPort}/file.flv`],
    ['HTTPS', () => `https://media.test:${https.port}/file.flv`],
    ['HTTP with a redirect to HTTPS', () => `http://media.test:${httpPort}/moved.flv`],
    ['HTTP with a password', () => `http://user:p%40ss@media.test:${httpPort}/private.flv`],
    ['HLS', () => `http://media.test:${httpPort}/list.m3u8`],
    ['HLS with HTTPS', () => `https://media.test:${https.port}/list.m3u8`],
  ])('over %s is recorded whole', async (_what, url) => {
    asked.length = 0;
    const recorded = await bench.record(url(), {}, lookup);
    expect(recorded.reason.code).toBe('source_ended');
    expect(frames(recorded)).toBe(150);
    expect(asked.every((one) => one.startsWith('media.test:'))).toBe(true);
  });

  it.each([
    ['rtmp', 'source_refused'],
    ['rtmps', 'source_refused'],
    ['rtsp', 'source_refused'],
    ['rtsps', 'source_refused'],
    ['http', 'source_refused'],
    ['https', 'source_refused'],
  ])('over %s with nobody there ends as %s', async (scheme, code) => {
    const { reason } = await bench.record(`${scheme}://media.test:9/live/key`, {}, lookup);
    expect(reason.code).toBe(code);
  });

  it('without an address is unresolvable', async () => {
    for (const scheme of ['rtmp', 'rtmps', 'rtsp', 'srt', 'http', 'https']) {
      const { reason } = await bench.record(`${scheme}://missing.test:9/live/key`, {}, lookup);
      expect(reason.code, scheme).toBe('source_unresolvable');
    }
  });

  it.each([
    ['over RTMP, handed over', () => `rtmps://media.test:${rtmps.port}/live/camera`, HANDED_OVER, []],
    ['over HTTPS', () => `https://media.test:${https.port}/held.flv`, /held\.flv$/, ['http_proxy']],
  ])('%s is read by an ffmpeg that has nothing of the environment', async (_what, url, read, more) => {
    process.env.AWS_SECRET_ACCESS_KEY = 'must-not-be-seen';
    let environment: string[] = [];
    try {
      const look = (): void => {
        environment = environmentOfFfmpeg(read);
      };
      // Sound of another rate is encoded: what is copied out of FLV needs no ffmpeg.
      await recordLive(url(), look, { audioSampleRateHz: 32_000 });
    } finally {
      delete process.env.AWS_SECRET_ACCESS_KEY;
    }
    expect(environment.map((variable) => variable.split('=')[0]).sort()).toEqual(['LC_ALL', 'PATH', ...more]);
  });
});

/** What the recorder receives, and ffmpeg asks it for. */
const HANDED_OVER = /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/;

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** What the system says of the process that reads a URL. */
function environmentOfFfmpeg(url: RegExp): string[] {
  const read = (pid: string, file: string): string[] =>
    readFileSync(`/proc/${pid}/${file}`, 'utf8')
      .split('\0')
      .filter((piece) => piece !== '');
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((candidate) => {
    try {
      const [program, ...args] = read(candidate, 'cmdline');
      return program === 'ffmpeg' && args.some((argument) => url.test(argument));
    } catch (error) {
      // It is gone since the folder was listed.
      if (
        (error as NodeJS.ErrnoException).code === 'ENOENT' ||
        (error as NodeJS.ErrnoException).code === 'ESRCH'
      )
        return false;
      throw error;
    }
  });
  if (pid === undefined) throw new Error('there is no such ffmpeg');
  return read(pid, 'environ');
}
