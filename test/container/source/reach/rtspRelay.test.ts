import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { AttemptContext } from '../../../../container/attempt/context.ts';
import { RtspPieces } from '../../../../container/source/reach/rtspPieces.ts';
import { RtspRelay } from '../../../../container/source/reach/rtspRelay.ts';
import { SourceInput } from '../../../../container/source/sourceInput.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';
import { LOOPBACK_SOURCES } from '../../../support/benchJob.ts';
import { closersForTests } from '../../../support/forTests.ts';
import { MediaFolder } from '../../../support/media.ts';
import { TlsFront } from '../../../support/tlsFront.ts';

const message = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const media = (bytes: number): Buffer =>
  Buffer.from([0x24, 0, bytes >> 8, bytes & 255, ...Array(bytes).fill(0x0d)]);
const FOUND = `${message('RTSP/1.0 200 OK', 'Content-Length: 4')}v=0\n`;
const CHALLENGES = {
  'SHA-256': 'Digest realm="cam", qop="auth", nonce="abc", algorithm=SHA-256, opaque="x"',
  MD5: 'Digest realm="cam", qop="auth", nonce="abc", algorithm=MD5',
};
type Algorithm = keyof typeof CHALLENGES;

/** The algorithm with which a request says truly who asks. */
function truly(request: string): Algorithm | undefined {
  const [, method, uri] = /^(\S+) (\S+)/.exec(request) ?? [];
  const said = /^Authorization: Digest (.*)$/m.exec(request)?.[1] ?? '';
  const field = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(said)?.[1] ?? '';
  const algorithm = field('algorithm') as Algorithm;
  const hash = (text: string): string =>
    createHash(algorithm === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  const middle = `${field('nonce')}:${field('nc')}:${field('cnonce')}:auth`;
  const expected = hash(`${hash('camera:cam:pass word')}:${middle}:${hash(`${method}:${uri}`)}`);
  return field('response') === expected && field('uri') === uri ? algorithm : undefined;
}

describe('an RTSP server that asks for credentials in a way that ffmpeg does not know', () => {
  const closers = closersForTests();

  /** Describes itself to whoever says who asks, or to all where it offers nothing. */
  async function camera(offered: readonly Algorithm[], described = FOUND) {
    const requests: string[] = [];
    const listening = createServer((socket) => {
      const pieces = new RtspPieces();
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const { head } of pieces.push(chunk)) {
          if (head === undefined) continue;
          requests.push(head);
          const challenges = offered.map((one) => `WWW-Authenticate: ${CHALLENGES[one]}`);
          const isKnown = offered.length === 0 || offered.some((one) => one === truly(head));
          if (!isKnown) socket.write(message('RTSP/1.0 401 Unauthorized', ...challenges));
          else socket.write(Buffer.concat([media(500), Buffer.from(described)]));
        }
      });
    }).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    closers.push(async () => void listening.close());
    return {
      requests,
      url: `rtsp://camera:pass%20word@127.0.0.1:${(listening.address() as AddressInfo).port}/cam`,
    };
  }
  async function relayed(
    url: string,
    transport: 'tcp' | 'udp' = 'tcp',
  ): Promise<{ client: Socket; place: string }> {
    const relay = await RtspRelay.start({
      source: parseSource(url, 'url'),
      addresses: ['127.0.0.1'],
      refused: new Map(),
      transport,
      onFailure: () => undefined,
      onRedirect: () => undefined,
    });
    closers.push(async () => relay.close());
    const client = connect(Number(new URL(relay.url).port), '127.0.0.1');
    return { client, place: relay.url };
  }
  async function heard(client: Socket, bytes: number): Promise<Buffer> {
    let all = Buffer.alloc(0);
    for await (const chunk of client.iterator({ destroyOnReturn: false })) {
      all = Buffer.concat([all, chunk as Buffer]);
      if (all.length >= bytes) break;
    }
    return all;
  }

  it.each<readonly [Algorithm, readonly Algorithm[]]>([
    ['SHA-256', ['SHA-256']],
    ['MD5', ['MD5', 'SHA-256']],
  ])('is told by %s who asks, where it offers %j', async (algorithm, offered) => {
    const { requests, url } = await camera(offered);
    const { client, place } = await relayed(url);
    for (const method of ['DESCRIBE', 'SETUP']) {
      client.write(message(`${method} ${place} RTSP/1.0`, 'CSeq: 2'));
      const answer = await heard(client, 504 + FOUND.length);
      expect(answer.subarray(0, 504).equals(media(500))).toBe(true);
      expect(answer.toString('latin1', 504)).toBe(FOUND);
    }
    expect(requests.map((request) => truly(request))).toEqual([undefined, algorithm, algorithm]);
    expect(requests[2]).toContain('nc=00000002');
    expect(requests.join()).not.toContain('pass');
    client.destroy();
  });

  it('that describes several formats of a medium is heard with the first of each', async () => {
    const sdp =
      'v=0\r\nm=audio 0 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n';
    const first = 'v=0\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';
    const answer = (body: string): string =>
      `${message('RTSP/1.0 200 OK', 'Content-Type: application/sdp', `Content-Length: ${body.length}`)}${body}`;
    const { url } = await camera([], answer(sdp));
    const { client, place } = await relayed(url);
    client.write(message(`DESCRIBE ${place} RTSP/1.0`, 'CSeq: 2'));
    const told = await heard(client, 504 + answer(first).length);
    expect(told.toString('latin1', 504)).toBe(answer(first));
    client.destroy();
  });

  it('says so to whoever has a wrong password, once', async () => {
    const { requests, url } = await camera(['SHA-256']);
    const { client, place } = await relayed(url.replace('word', 'words'));
    client.write(message(`DESCRIBE ${place} RTSP/1.0`, 'CSeq: 2'));
    expect((await heard(client, 1)).toString()).toMatch(/^RTSP\/1.0 401/);
    expect(requests).toHaveLength(2);
    client.destroy();
  });

  it('is played through the recorder: ffmpeg gets no password', async () => {
    const { url } = await camera(['MD5']);
    const context = {
      job: {
        source: { url },
        stream: { videoCodec: 'h264', audioCodec: 'aac' },
        settings: { ...DEFAULT_SETTINGS, sources: LOOPBACK_SOURCES },
      },
      lookup: () => Promise.resolve(['127.0.0.1']),
    } as unknown as AttemptContext;
    const input = new SourceInput(context, 'ffmpeg');
    closers.push(() => input.close());
    for (const _ of ['first', 'again']) {
      const run = await input.prepare(5_000, new AbortController().signal);
      const given = 'kind' in run ? undefined : run.access.url;
      expect(given).toMatch(/^rtsp:.*\/cam$/);
      expect(given).not.toContain('pass');
    }
  });
});

describe('an RTSP server that hangs up', () => {
  const closers = closersForTests();

  /** What is told of it to whoever records it. */
  async function complaintsOf(port: number): Promise<readonly string[]> {
    const complaints: string[] = [];
    const relay = await RtspRelay.start({
      ...{ source: parseSource(`rtsp://127.0.0.1:${port}/cam`, 'url'), addresses: ['127.0.0.1'] },
      ...{ refused: new Map(), transport: 'tcp', onRedirect: () => undefined },
      onFailure: (complaint) => complaints.push(complaint),
    });
    closers.push(async () => relay.close());
    const client = connect(Number(new URL(relay.url).port), '127.0.0.1');
    client.on('error', () => undefined);
    client.on('data', () => client.write(message('OPTIONS rtsp://cam RTSP/1.0', 'CSeq: 2')));
    client.write(message('DESCRIBE rtsp://cam RTSP/1.0', 'CSeq: 1'));
    await new Promise((resolve) => client.once('close', resolve));
    return complaints;
  }

  it('is called what it is when it has said nothing, and otherwise by what it has said', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(message('RTSP/1.0 404 Not Found'));
        // It has been heard by then.
        socket.once('data', () => socket.resetAndDestroy());
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await complaintsOf(port)).toEqual([]);
    server.close();
    await once(server, 'close');
    expect(await complaintsOf(port)).toEqual(['Connection refused']);
  });
});

describe('pieces of RTSP', () => {
  it('are the same, however they come', () => {
    const whole = Buffer.concat([
      ...[
        media(0),
        media(700),
        Buffer.from(message('RTSP/1.0 200 OK', 'Content-Length: 3')),
        Buffer.from('$$$'),
      ],
      ...[media(36), Buffer.from(message('OPTIONS * RTSP/1.0'))],
    ]);
    for (const step of [1, 3, 5, 100, whole.length]) {
      const pieces = new RtspPieces();
      const all = [];
      for (let at = 0; at < whole.length; at += step) all.push(...pieces.push(whole.subarray(at, at + step)));
      expect(Buffer.concat(all.map(({ bytes }) => bytes)).equals(whole)).toBe(true);
      const heads = all.flatMap(({ head }) => head ?? []);
      expect(heads).toEqual(['RTSP/1.0 200 OK\r\nContent-Length: 3', 'OPTIONS * RTSP/1.0']);
    }
  });

  it('are none where a message has no end', () => {
    const endless = Buffer.from(`RTSP/1.0 200 OK\r\nX: ${'x'.repeat(70_000)}`);
    expect(() => new RtspPieces().push(endless)).toThrow(RangeError);
  });

  it('are given on as they are where lengths are wrong, and go on behind that', () => {
    const long = media(20);
    long.writeUInt16BE(12, 2);
    const garbage = Buffer.alloc(100_000, 0x78);
    const answer = Buffer.from(message('RTSP/1.0 200 OK'));
    const whole = Buffer.concat([long, media(9), garbage, Buffer.from('$'), media(300), media(7), answer]);
    for (const step of [1, 7, 1_000, whole.length]) {
      const pieces = new RtspPieces();
      const all = [];
      for (let at = 0; at < whole.length; at += step) all.push(...pieces.push(whole.subarray(at, at + step)));
      const given = Buffer.concat(all.map(({ bytes }) => bytes));
      expect(given.equals(whole.subarray(0, given.length))).toBe(true);
      expect(given.length).toBeGreaterThan(whole.length - answer.length - 400);
    }
  });
});

describe('an RTSP server behind TLS', () => {
  const closers = closersForTests();

  it('is left when ffmpeg breaks off', async () => {
    const folder = new MediaFolder();
    closers.push(async () => folder.remove());
    const asked = Promise.withResolvers<Socket>();
    const listening = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => asked.resolve(socket));
    }).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    closers.push(async () => void listening.close());
    const front = await TlsFront.start((listening.address() as AddressInfo).port, folder);
    closers.push(() => front.close());
    const relay = await RtspRelay.start({
      ...{ source: parseSource(`rtsps://127.0.0.1:${front.port}/cam`, 'url'), addresses: ['127.0.0.1'] },
      ...{ refused: new Map(), transport: 'tcp', onRedirect: () => undefined, onFailure: () => undefined },
    });
    closers.push(async () => relay.close());
    const client = connect(Number(new URL(relay.url).port), '127.0.0.1');
    client.on('error', () => undefined);
    client.write(message('DESCRIBE rtsp://cam RTSP/1.0', 'CSeq: 1'));
    const origin = await asked.promise;
    const left = once(origin, 'close');
    client.resetAndDestroy();
    await left;
  });
});
