import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyRing } from '../../../../container/source/hls/keyRing.ts';
import { loadPlaylist } from '../../../../container/source/hls/playlistLoader.ts';
import { readSegment } from '../../../../container/source/hls/segmentBytes.ts';
import { Wholeness } from '../../../../container/source/hls/wholeness.ts';
import { HttpFault, JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';
import { lookupBySystem } from '../../../../functions/aws/dnsResolution.ts';
import { PACKET_BYTES } from '../../../../functions/core/media/mpegts/packets.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';

const NEVER = new AbortController().signal;
const PACKETS = Buffer.alloc(3 * PACKET_BYTES, Buffer.alloc(PACKET_BYTES).fill(0x47, 0, 1));
const LIST = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n';

function box(kind: string, bytes: number): Buffer {
  const made = Buffer.alloc(bytes);
  made.writeUInt32BE(bytes, 0);
  made.write(kind, 4, 'latin1');
  return made;
}

describe('an answer whose server ends it before its length', () => {
  const rules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
  const http = new JudgedHttp({ rules, lookup: lookupBySystem, idleTimeoutMs: 10_000 });
  let server: Server;
  let base: string;
  const asked: string[] = [];
  const chunk = (body: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
  const answers: Record<string, Buffer | (() => Buffer)> = {
    '/packets': Buffer.concat([Buffer.from('content-length: 9999\r\n\r\n'), PACKETS]),
    '/chunks': Buffer.concat([Buffer.from('transfer-encoding: chunked\r\n\r\n'), chunk(PACKETS)]),
    '/list': Buffer.from(`content-length: 9999\r\n\r\n${LIST}`),
    '/line': Buffer.from(`content-length: 9999\r\n\r\n${LIST.slice(0, -2)}`),
  };
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.once('data', (request) => {
        const [, path = ''] = /^GET (\S+)/.exec(request.toString()) ?? [];
        asked.push(path);
        const answer = answers[path] ?? Buffer.alloc(0);
        const sent = typeof answer === 'function' ? answer() : answer;
        socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), sent]));
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    http.close();
    server.close();
  });

  it.each(['/packets', '/chunks'])('is a whole segment when it ends so each time: %s', async (path) => {
    const address = { url: base + path, range: undefined, key: undefined, sequence: 0n, durationMs: 2_000 };
    const options = { http, keys: new KeyRing(http), idleTimeoutMs: 10_000 };
    const bytes = await buffer(readSegment(address, options, NEVER));
    expect(bytes.equals(PACKETS)).toBe(true);
    expect(asked.filter((one) => one === path)).toHaveLength(3);
  });

  it('is asked for again where it was cut off within a box, and its server says no length', async () => {
    const whole = Buffer.concat([box('moof', 100), box('mdat', 900)]);
    const address = {
      url: `${base}/boxes`,
      range: undefined,
      key: undefined,
      sequence: 0n,
      durationMs: 2_000,
    };
    const options = { http, keys: new KeyRing(http), idleTimeoutMs: 10_000 };
    const cuts = [400, 400, 700, 1_000].map((bytes) =>
      Buffer.concat([Buffer.from('\r\n'), whole.subarray(0, bytes)]),
    );
    const rest = [...cuts];
    answers['/boxes'] = () => rest.shift() ?? Buffer.alloc(0);
    expect((await buffer(readSegment(address, options, NEVER))).equals(whole)).toBe(true);
    expect(rest).toEqual([]);
    answers['/boxes'] = () => cuts[0] as Buffer;
    asked.length = 0;
    expect(await buffer(readSegment(address, options, NEVER))).toHaveLength(400);
    expect(asked).toHaveLength(3);
  });

  it('is a playlist as far as its lines go', async () => {
    const { playlist } = await loadPlaylist(http, { url: `${base}/list` }, NEVER);
    expect(playlist).toMatchObject({ kind: 'media', segments: [{ uri: 'a.ts' }] });
    await expect(loadPlaylist(http, { url: `${base}/line` }, NEVER)).rejects.toThrow(HttpFault);
  });
});

describe('what has come of a segment', () => {
  const long = Buffer.concat([box('mdat', 8), Buffer.from([0, 0, 0, 0, 0, 0, 0, 40]), Buffer.alloc(24)]);
  long.writeUInt32BE(1, 0);
  const mp4 = Buffer.concat([box('styp', 24), box('moof', 100), long, box('moof', 60), box('mdat', 900)]);

  it.each<[string, Buffer, ReadonlySet<number>]>([
    ['packets', PACKETS, new Set([0, 1, 2, 3].map((n) => n * PACKET_BYTES))],
    ['boxes', mp4, new Set([0, 24, 124, 164, 224, 1_124])],
  ])('may be all of it where %s end', (_, whole, ends) => {
    for (const step of [1, 7, whole.length]) {
      for (let cut = 0; cut <= whole.length; cut++) {
        const wholeness = new Wholeness();
        for (let at = 0; at < cut; at += step) wholeness.push(whole.subarray(at, Math.min(cut, at + step)));
        expect(wholeness.isWhole, `${cut} bytes`).toBe(ends.has(cut));
      }
    }
  });

  it('may be all of it anywhere where it is neither', () => {
    const wholeness = new Wholeness();
    wholeness.push(Buffer.from('ID3, and frames of sound'));
    expect(wholeness.isWhole).toBe(true);
  });
});
