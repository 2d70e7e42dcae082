import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SourceReach } from '../../../../container/source/reach/sourceReach.ts';
import { ForbiddenSourceError, type Lookup } from '../../../../functions/aws/dnsResolution.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { describeWith } from '../../../support/tools.ts';
import { HostileSource, lookup, RULES } from './hostileSource.ts';

const SCHEMES = ['http', 'https', 'rtmp', 'rtmps', 'rtsp', 'rtsps', 'srt'];
const HOSTS = [
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
];

describeWith(['ffmpeg'], 'a hostile source', () => {
  const hostile = new HostileSource();

  it('is told from a good one', async () => {
    expect(await hostile.attack(`${hostile.origin}/good.flv`)).toMatchObject({
      reason: { code: 'source_ended' },
    });
    expect(
      await hostile.attack(`${hostile.origin.replace('127.0.0.1', 'good.test')}/good.flv`),
    ).toMatchObject({
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
    hostile.expectForbidden(await hostile.attack(url), /^The source must /);
  });

  it.each(HOSTS.map((host, index) => [host, SCHEMES[index % SCHEMES.length] ?? '']))(
    'at %s is refused, whatever its scheme',
    async (host, scheme) => {
      const at = (any: string) => `${any}://${host}:${hostile.canary.port}/live/key`;
      const reach = new SourceReach({ ...DEFAULT_SETTINGS, sources: RULES }, lookup);
      for (const any of SCHEMES) await expect(reach.judge(at(any))).rejects.toThrow(ForbiddenSourceError);
      await reach.close();
      // What becomes of a recording then has nothing to do with the scheme.
      hostile.expectForbidden(
        await hostile.attack(at(scheme)),
        /^The source is at an address that this deployment does not allow: see sources\.privateNetworks\.$/,
      );
    },
  );

  describe('that changes its address between two questions', () => {
    const rebinding = (): Lookup => {
      let asked = 0;
      return async () => (asked++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']);
    };

    it('is asked for once, whatever its scheme', async () => {
      for (const scheme of SCHEMES) {
        // Nothing listens at the first address, which is the only one that is tried.
        const { reason } = await hostile.attack(
          `${scheme}://rebind.test:${hostile.canary.port}/live/key?timeout=500000`,
          rebinding(),
        );
        expect(reason.code).toMatch(/^source_/);
        expect(reason.code).not.toBe('source_forbidden');
      }
      expect(hostile.canary.heard).toEqual([]);
    });
  });

  describe.each([301, 302, 303, 307, 308])('that answers %i', (status) => {
    it.each([
      ['an address that is not allowed', () => hostile.evil(), /^The source is at an address/],
      ['a name of one', () => `http://evil.test:${hostile.canary.port}/`, /^The source is at an address/],
      ['one over TLS', () => `https://127.0.0.2:${hostile.canary.port}/`, /^The source is at an address/],
    ])('with %s is refused', async (_what, location, message) => {
      hostile.expectForbidden(
        await hostile.attack(hostile.redirect('/redirect', status, location())),
        message,
      );
    });

    it.each(['file:///etc/passwd', 'data:text/plain,x', 'tcp://127.0.0.2:80/', 'rtmp://127.0.0.2/live/x'])(
      'with %s gives nothing',
      async (location) => {
        const recorded = await hostile.attack(hostile.redirect('/redirect', status, location));
        expect(recorded.reason.code).toMatch(/^source_/);
        expect(recorded.objects.parts.size).toBe(0);
        expect(hostile.canary.heard).toEqual([]);
      },
    );
  });

  describe('that is RTSP and redirects', () => {
    let rtsp: TcpServer;
    let place = '';
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
              : `RTSP/1.0 302 Found\r\nCSeq: ${cseq}\r\nLocation: ${place}\r\n\r\n`,
          );
        });
      });
      await new Promise<void>((resolve) => rtsp.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => new Promise((resolve) => rtsp.close(resolve)));

    it.each(['127.0.0.2', 'evil.test'])('to %s is refused, and nothing is recorded', async (host) => {
      const { port } = rtsp.address() as AddressInfo;
      place = `rtsp://${host}:${hostile.canary.port}/live`;
      const recorded = await hostile.attack(`rtsp://good.test:${port}/live/key`);
      expect(asked).toContain('DESCRIBE');
      hostile.expectForbidden(recorded, /^The source is at an address/);
      expect(recorded.objects.parts.size).toBe(0);
      expect(hostile.canary.heard).toEqual([]);
    });
  });

  it('got nothing of this machine into any object', async () => {
    await hostile.expectNothingTaken();
  });
});
