import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lookup } from '../../../../functions/aws/dnsResolution.ts';
import { DEFAULT_SOURCE_RULES, type SourceRules } from '../../../../functions/core/source/sourceRules.ts';
import { closeServer, listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { Canary } from '../../../support/canary.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import type { Recorded } from '../../../support/recorderBench.ts';
import { describeWith } from '../../../support/tools.ts';

/** 127.0.0.1 is the world that may be reached, and 127.0.0.2 is what may not. */
const RULES: SourceRules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'good.test': ['127.0.0.1'],
  'evil.test': ['127.0.0.2'],
  'mixed.test': ['127.0.0.1', '127.0.0.2'],
  'mapped.test': ['::ffff:127.0.0.2'],
  'linklocal.test': ['fe80::1%eth0'],
};

describeWith(['ffmpeg'], 'a hostile source', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let canary: Canary;
  let server: Server;
  let good: string;
  const bodies = new Map<
    string,
    { readonly status: number; readonly location?: string; readonly body: Buffer }
  >();

  beforeAll(async () => {
    const encoded = [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25', '-t', '4', '-c:v', 'libx264', '-g', '25'],
      ...['-pix_fmt', 'yuv420p'],
    ];
    folder.make('good.flv', [...encoded, '-f', 'flv']);
    folder.make('good.ts', [...encoded, '-f', 'mpegts']);
    folder.make('good.m3u8', [...encoded, '-f', 'hls', '-hls_segment_type', 'fmp4', '-hls_time', '2']);
    canary = await Canary.start('127.0.0.2');
    server = createServer((request, response) => {
      const { status, location, body } = bodies.get(request.url ?? '') ?? {
        status: 404,
        body: Buffer.alloc(0),
      };
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    good = await listenOnLoopback(server);
    for (const name of await readdir(folder.path)) {
      bodies.set(`/${name}`, { status: 200, body: await readFile(folder.file(name)) });
    }
  }, 180_000);
  afterAll(async () => {
    await closeServer(server);
    await canary.close();
  });

  const lookup: Lookup = async (host) => {
    const addresses = NAMES[host];
    if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`);
    return addresses;
  };
  const attack = (url: string, by: Lookup = lookup): Promise<Recorded> =>
    bench.record(url, { sources: RULES, openTimeoutMs: 8_000 }, by);
  const evil = (path = '/v2/credentials'): string => `http://127.0.0.2:${canary.port}${path}`;

  /** Hands a body out below a path of its own. */
  function serve(name: string, body: string): string {
    bodies.set(name, { status: 200, body: Buffer.from(body) });
    return good + name;
  }

  const parts = ({ objects }: Recorded): number => objects.parts.size;

  function expectForbidden(recorded: Recorded, message: RegExp): void {
    expect(recorded.reason).toEqual({ code: 'source_forbidden', message: expect.stringMatching(message) });
    expect(recorded.objects.outcome?.status).toBe('failed');
    expect(recorded.reason.message).not.toMatch(/\d+\.\d+/);
    expect(canary.heard).toEqual([]);
  }

  it('is told from a good one', async () => {
    expect(await attack(`${good}/good.flv`)).toMatchObject({ reason: { code: 'source_ended' } });
    expect(await attack(`${good.replace('127.0.0.1', 'good.test')}/good.flv`)).toMatchObject({
      reason: { code: 'source_ended' },
    });
  });

  it.each([
    'file:///etc/passwd',
    '/etc/passwd',
    'concat:/etc/passwd|/etc/hosts',
    'subfile,,start,0,end,0,,:/etc/passwd',
    'data:text/plain,root:x:0:0',
    'pipe:0',
    'tcp://127.0.0.1:9',
    'udp://127.0.0.1:9',
    'ftp://127.0.0.1/etc/passwd',
    'gopher://127.0.0.1/',
    'httpproxy://127.0.0.1/',
    'unix:///run/docker.sock',
    'srt://good.test:9000?mode=listener',
  ])('with the URL %s is refused', async (url) => {
    expectForbidden(await attack(url), /^The source must /);
  });

  it.each([
    '127.0.0.2',
    '127.2',
    '2130706434',
    '0x7f.2',
    '0x7f000002',
    '0177.0.0.2',
    '017700000002',
    '127.0.0.2.',
    '[::ffff:127.0.0.2]',
    '[::ffff:7f00:2]',
    '[64:ff9b::7f00:2]',
    '[2002:7f00:2::1]',
    '169.254.169.254',
    '169.254.170.2',
    '[fd00:ec2::254]',
    '[::1]',
    '0.0.0.0',
    'evil.test',
    'mixed.test',
    'mapped.test',
    'linklocal.test',
  ])('at %s is refused, whatever its scheme', async (host) => {
    for (const scheme of ['http', 'https', 'rtmp', 'rtmps', 'rtsp', 'rtsps', 'srt']) {
      expectForbidden(
        await attack(`${scheme}://${host}:${canary.port}/live/key`),
        /^The source is at an address that this deployment does not allow: see sources\.privateNetworks\.$/,
      );
    }
  });

  describe('that changes its address between two questions', () => {
    const rebinding = (): Lookup => {
      let asked = 0;
      return async () => (asked++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']);
    };

    it('is refused by the proxy, over TLS', async () => {
      for (const scheme of ['rtmps', 'rtsps']) {
        expectForbidden(
          await attack(`${scheme}://rebind.test:${canary.port}/live/key`, rebinding()),
          /address/,
        );
      }
    });

    it('is asked for once, over HTTP, RTMP, RTSP and SRT', async () => {
      for (const scheme of ['http', 'https', 'rtmp', 'rtsp', 'srt']) {
        // Nothing listens at the first address, which is the only one that is tried.
        const { reason } = await attack(
          `${scheme}://rebind.test:${canary.port}/live/key?timeout=500000`,
          rebinding(),
        );
        expect(reason.code).toMatch(/^source_/);
        expect(reason.code).not.toBe('source_forbidden');
      }
      expect(canary.heard).toEqual([]);
    });
  });

  describe.each([301, 302, 303, 307, 308])('that answers %i', (status) => {
    it.each([
      ['an address that is not allowed', () => evil(), /^The source is at an address/],
      ['a name of one', () => `http://evil.test:${canary.port}/`, /^The source is at an address/],
      ['one over TLS', () => `https://127.0.0.2:${canary.port}/`, /^The source is at an address/],
    ])('with %s is refused', async (_what, location, message) => {
      bodies.set('/redirect', { status, location: location(), body: Buffer.alloc(0) });
      expectForbidden(await attack(`${good}/redirect`), message);
    });

    it.each(['file:///etc/passwd', 'data:text/plain,x', 'tcp://127.0.0.2:80/', 'rtmp://127.0.0.2/live/x'])(
      'with %s gives nothing',
      async (location) => {
        bodies.set('/redirect', { status, location, body: Buffer.alloc(0) });
        const recorded = await attack(`${good}/redirect`);
        expect(recorded.reason.code).toMatch(/^source_/);
        expect(parts(recorded)).toBe(0);
        expect(canary.heard).toEqual([]);
      },
    );
  });

  describe('that sends a playlist', () => {
    const list = (...lines: string[]): string =>
      ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:4', ...lines, ''].join('\n');
    const segment = (url: string): string[] => ['#EXTINF:4,', url, '#EXT-X-ENDLIST'];
    const variant = '#EXT-X-STREAM-INF:BANDWIDTH=1000000';

    it('is told from a good one', async () => {
      expect(await attack(`${good}/good.m3u8`)).toMatchObject({ reason: { code: 'source_ended' } });
    });

    it.each<[string, () => string]>([
      ['a segment', () => list(...segment(evil('/a.ts')))],
      ['a segment over TLS', () => list(...segment(`https://127.0.0.2:${canary.port}/a.ts`))],
      ['a later segment', () => list('#EXTINF:4,', '/good.ts', ...segment(evil('/a.ts')))],
      ['a key', () => list(`#EXT-X-KEY:METHOD=AES-128,URI="${evil('/key')}"`, ...segment('/good.ts'))],
      ['an encrypted segment', () => list('#EXT-X-KEY:METHOD=AES-128,URI="/key"', ...segment(evil('/a.ts')))],
      ['a map', () => list(`#EXT-X-MAP:URI="${evil('/init.mp4')}"`, ...segment('/good.ts'))],
      ['a variant', () => list(variant, evil('/list.m3u8'))],
      ['a name', () => list(...segment(`http://evil.test:${canary.port}/a.ts`))],
      ['a decimal address', () => list(...segment(`http://2130706434:${canary.port}/a.ts`))],
      ['a mapped address', () => list(...segment(`http://[::ffff:7f00:2]:${canary.port}/a.ts`))],
      ['a redirected segment', () => list(...segment('/to-evil.ts'))],
      [
        'a rendition',
        () =>
          list(
            `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="${evil('/audio.m3u8')}"`,
            `${variant},AUDIO="a"`,
            '/good.m3u8',
          ),
      ],
    ])('with %s where it may not be is refused', async (_what, body) => {
      bodies.set('/key', { status: 200, body: Buffer.alloc(16, 1) });
      bodies.set('/to-evil.ts', { status: 302, location: evil('/a.ts'), body: Buffer.alloc(0) });
      expectForbidden(await attack(serve('/list.m3u8', body())), /^The source is at an address/);
    });

    it.each([
      'file:///etc/passwd',
      '/etc/passwd',
      'file:/etc/passwd',
      'concat:/etc/passwd|/etc/hosts',
      'concat:file:///etc/passwd',
      'subfile,,start,0,end,100,,:/etc/passwd',
      'data:text/plain,root:x:0:0',
      'crypto:file:///etc/passwd',
      'crypto+file:///etc/passwd',
      'async:file:///etc/passwd',
      'cache:http://127.0.0.2/a.ts',
      'tcp://127.0.0.2:80/a.ts',
      'tls://127.0.0.2:443/a.ts',
      'rtmp://127.0.0.2/live/a.ts',
      'udp://127.0.0.2:80',
      'unix:/etc/passwd',
    ])('with a segment, a key and a map %s gives nothing', async (url) => {
      for (const body of [
        list(...segment(url)),
        list(`#EXT-X-KEY:METHOD=AES-128,URI="${url}"`, ...segment('/good.ts')),
        list(`#EXT-X-MAP:URI="${url}"`, ...segment('/missing.mp4')),
        list(variant, url),
      ]) {
        const recorded = await attack(serve('/list.m3u8', body));
        expect(recorded.reason.code).toMatch(/^source_/);
        expect(canary.heard).toEqual([]);
      }
    });

    it('with the protocol that ffmpeg speaks with proxies is refused', async () => {
      for (const prefix of ['', 'crypto+', 'crypto:']) {
        const url = serve('/list.m3u8', list(...segment(`${prefix}httpproxy://127.0.0.1:9/a.ts`)));
        const recorded = await attack(url);
        expectForbidden(recorded, /^The source leads to a protocol that is not allowed\.$/);
      }
    });

    it.each([
      [
        'SDP',
        'v=0\no=- 0 0 IN IP4 127.0.0.2\ns=x\nc=IN IP4 127.0.0.2\nt=0 0\nm=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
      ],
      ['ffconcat', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
      ['a DASH manifest', dashManifest()],
      ['a playlist of another kind', '[playlist]\nFile1=/etc/passwd\n'],
      ['a file', 'root:x:0:0:root:/root:/bin/bash\n'],
    ])('of another kind, %s, gives nothing', async (_what, body) => {
      const recorded = await attack(serve('/list', body.replaceAll('PORT', String(canary.port))));
      expect(recorded.reason.code).toBe('source_not_media');
      expect(canary.heard).toEqual([]);
    });
  });

  describe('that is RTSP and redirects', () => {
    let rtsp: TcpServer;
    const asked: string[] = [];

    beforeAll(async () => {
      rtsp = createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => {
          const request = String(bytes);
          const [method = ''] = request.split(' ');
          asked.push(method);
          const cseq = /CSeq: (\d+)/i.exec(request)?.[1] ?? '1';
          socket.write(
            method === 'OPTIONS'
              ? `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n`
              : `RTSP/1.0 302 Found\r\nCSeq: ${cseq}\r\nLocation: rtsp://127.0.0.1:9/live\r\n\r\n`,
          );
        });
      });
      await new Promise<void>((resolve) => rtsp.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => new Promise((resolve) => rtsp.close(resolve)));

    it('is refused, and nothing is recorded', async () => {
      const { port } = rtsp.address() as AddressInfo;
      const recorded = await attack(`rtsp://good.test:${port}/live/key`);
      expect(asked).toContain('DESCRIBE');
      expectForbidden(recorded, /^The source redirects, and RTSP redirects are not followed/);
      expect(parts(recorded)).toBe(0);
    });
  });

  it('got nothing of this machine into any object', async () => {
    const { Contents = [], IsTruncated } = await bench.s3.send(
      new ListObjectsV2Command({ Bucket: bench.store.bucket, Prefix: 'records/' }),
    );
    expect(IsTruncated).toBe(false);
    expect(Contents.length).toBeGreaterThan(0);
    for (const { Key } of Contents) {
      const { Body } = await bench.s3.send(new GetObjectCommand({ Bucket: bench.store.bucket, Key }));
      const text = Buffer.from((await Body?.transformToByteArray()) ?? []).toString('latin1');
      expect(text.includes('root:x:0:0') || text.includes('SecretAccessKey'), Key).toBe(false);
    }
    expect(canary.heard).toEqual([]);
  });
});

function dashManifest(): string {
  return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000"><BaseURL>http://127.0.0.2:PORT/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`;
}
