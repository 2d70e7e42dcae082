import { once } from 'node:events';
import { createServer as createWebServer, type Server as WebServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { beforeAll, expect, it } from 'vitest';
import type { EndCode } from '../../../../functions/core/state/objects.ts';
import { listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { freePort } from '../../../support/children.ts';
import { benchForTests, closersForTests } from '../../../support/forTests.ts';
import { LiveStream } from '../../../support/liveStream.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import { RtspServer } from '../../../support/rtspServer.ts';
import { SrtListener } from '../../../support/srtListener.ts';
import { describeWith } from '../../../support/tools.ts';

const SETTINGS = { idleTimeoutMs: 2_000, openTimeoutMs: 3_000 };
/** Of what says at once why it does not open, however long a busy machine takes to hear it. */
const PATIENT = { ...SETTINGS, openTimeoutMs: 60_000 };

/** Each protocol against each failure, with servers that really fail in that way. */
describeWith(['ffmpeg', 'nginxRtmp', 'gstRtspServer'], 'a source that does not open', () => {
  const closers = closersForTests();
  const bench = benchForTests();
  let nginx: NginxRtmp;
  let idleNginx: NginxRtmp;
  let rtsp: RtspServer;
  let guarded: RtspServer;
  let web: string;
  /** Takes connections and says nothing. */
  let mute: number;
  /** Says something that no media protocol knows. */
  let talker: number;
  let closed: number;

  beforeAll(async () => {
    const flv = await LiveStream.start('flv');
    [nginx, idleNginx, rtsp, guarded, mute, talker, web, closed] = await Promise.all([
      NginxRtmp.start(),
      NginxRtmp.start({ keepsPlayers: true }),
      RtspServer.start({ feed: flv.url }),
      RtspServer.start({ feed: flv.url, user: 'camera', password: 'right' }),
      listen(createServer((socket) => socket.on('error', () => undefined).resume())),
      listen(
        createServer((socket) =>
          socket.on('error', () => undefined).end('220 mail.example ESMTP, which is no media\r\n'.repeat(50)),
        ),
      ),
      serveErrors(),
      freePort(),
    ]);
    closers.push(
      () => flv.close(),
      () => nginx.stop(),
      () => idleNginx.stop(),
      () => rtsp.stop(),
      () => guarded.stop(),
    );
  });

  async function listen(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  /** /404 answers 404, and so on; any other path an HTML page. */
  async function serveErrors(): Promise<string> {
    const server: WebServer = createWebServer((request, response) => {
      const status = Number(/^\/(\d{3})/.exec(request.url ?? '')?.[1] ?? 200);
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html>hello</html>'.repeat(100));
    });
    const origin = await listenOnLoopback(server);
    closers.push(() => {
      server.close();
    });
    return origin;
  }

  async function srt(listening: string | undefined, calling: string): Promise<string> {
    const listener = await SrtListener.start(listening === undefined ? {} : { passphrase: listening });
    closers.push(() => listener.stop());
    return `${listener.url}${calling}`;
  }

  const CASES: readonly (readonly [string, () => string | Promise<string>, EndCode])[] = [
    ['RTMP, no such stream', () => `${nginx.url}/none`, 'source_not_found'],
    ['RTMP, not published yet', () => `${idleNginx.url}/none`, 'source_timed_out'],
    ['RTMP, no such application', () => `${nginx.url.replace('/live', '/none')}/none`, 'source_empty'],
    ['RTSP, no such stream', () => `${rtsp.url}-not`, 'source_not_found'],
    ['RTSP, no credentials', () => guarded.url, 'source_unauthorised'],
    ['RTSP, wrong password', () => guarded.url.replace('//', '//camera:wrong@'), 'source_unauthorised'],
    [
      'SRT, wrong passphrase',
      () => srt('correct-horse', '?passphrase=battery-staple'),
      'source_unauthorised',
    ],
    ['SRT, passphrase missing', () => srt('correct-horse', ''), 'source_unauthorised'],
    [
      'SRT, passphrase not asked for',
      () => srt(undefined, '?passphrase=correct-horse'),
      'source_unauthorised',
    ],
    ['SRT, passphrase too short', () => `srt://127.0.0.1:${closed}?passphrase=short`, 'source_failed'],
    ['HTTP 404', () => `${web}/404.flv`, 'source_not_found'],
    ['HTTP 410', () => `${web}/410.flv`, 'source_not_found'],
    ['HTTP 401', () => `${web}/401.flv`, 'source_unauthorised'],
    ['HTTP 403', () => `${web}/403.flv`, 'source_unauthorised'],
    ['HTTP 429', () => `${web}/429.flv`, 'source_failed'],
    ['HTTP 503', () => `${web}/503.flv`, 'source_failed'],
    ['HTTP, a web page', () => `${web}/index.html`, 'source_not_media'],
    ['HLS 404', () => `${web}/404.m3u8`, 'source_not_found'],
    ['HLS, a web page', () => `${web}/live.m3u8`, 'source_not_media'],
    ...['rtmp', 'rtmps', 'rtsp', 'rtsps', 'http', 'https'].flatMap(
      (scheme) =>
        [
          [`${scheme}, nobody listens`, () => `${scheme}://127.0.0.1:${closed}/live/x`, 'source_refused'],
          [`${scheme}, no answer`, () => `${scheme}://127.0.0.1:${mute}/live/x`, 'source_timed_out'],
          [
            `${scheme}, no media`,
            () => `${scheme}://127.0.0.1:${talker}/live/x`,
            // To ffmpeg, what has no HTTP header is an answer with nothing in it.
            scheme === 'http' ? 'source_empty' : 'source_not_media',
          ],
          [`${scheme}, no such host`, () => `${scheme}://no-such-host.invalid/live/x`, 'source_unresolvable'],
        ] as const,
    ),
    // Datagrams: nobody says that nobody listens.
    ['SRT, nobody listens', () => `srt://127.0.0.1:${closed}`, 'source_timed_out'],
    // Until it gives up by itself, which is not until the source may be waited for no longer.
    [
      'SRT, nobody listens for longer than libsrt waits',
      () => `srt://127.0.0.1:${closed}?connect_timeout=300`,
      'source_timed_out',
    ],
    ['SRT, no such host', () => 'srt://no-such-host.invalid:9000', 'source_unresolvable'],
  ];

  it.concurrent.each(CASES)(
    '%s',
    async (_name, url, code) => {
      const source = await url();
      const settings = code === 'source_timed_out' ? SETTINGS : PATIENT;
      const { reason, objects } = await bench.record(source, settings);
      expect(reason.code).toBe(code);
      expect(reason.message).toMatch(/^[A-Z].*\.$/);
      expect(objects.outcome).toMatchObject({ status: 'failed', reason, parts: 0 });
      expect(JSON.stringify(objects.attempts.get(1)?.end)).not.toMatch(/none|wrong|staple|horse|stream-key/);
    },
    180_000,
  );
});
