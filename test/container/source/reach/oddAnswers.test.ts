import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpFault, JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';
import { lookupBySystem } from '../../../../functions/aws/dnsResolution.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';

const TEXT = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n';
const coded = (coding: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\n\r\n`), body]);

/** By what they are; each is all that the server sends. */
const ANSWERS: Readonly<Record<string, string | Buffer>> = {
  gzip: coded('gzip', gzipSync(TEXT)),
  'gzip by its older name': coded('x-gzip', gzipSync(TEXT)),
  'gzip in capitals': coded('GZIP', gzipSync(TEXT)),
  'gzip that is not said': coded('identity', gzipSync(TEXT)),
  'no gzip where it is said': coded('gzip', Buffer.from(TEXT)),
  deflate: coded('deflate', deflateSync(TEXT)),
  'deflate without the head of zlib': coded('deflate', deflateRawSync(TEXT)),
  Brotli: coded('br', brotliCompressSync(TEXT)),
  'lines that end without a carriage return': `HTTP/1.0 200 OK\ncontent-type: text/plain\n\n${TEXT}`,
  'a length beside chunks': `HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\r\n${TEXT.length.toString(16)}\r\n${TEXT}\r\n0\r\n\r\n`,
  'a header that begins with a space': `HTTP/1.1 200 OK\r\n x-name: a\r\n\r\n${TEXT}`,
  'another status of success': `HTTP/1.1 203 Non-Authoritative Information\r\n\r\n${TEXT}`,
};

const NO_BODY: Readonly<Record<string, string>> = {
  empty: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  cut: 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n',
};

describe('an answer', () => {
  const rules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
  const http = new JudgedHttp({ rules, lookup: lookupBySystem, idleTimeoutMs: 5_000 });
  let server: Server;
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.once('data', (request) => {
        const [, place = ''] = /^GET \/(\S*)/.exec(request.toString()) ?? [];
        socket.end(ANSWERS[decodeURIComponent(place)] ?? NO_BODY[place] ?? '');
        socket.once('close', () => server.emit('closed'));
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    http.close();
    server.close();
  });

  async function got(place: string): Promise<string> {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/${encodeURIComponent(place)}`;
    const { body } = await http.get(url, { signal: new AbortController().signal });
    return text(body);
  }

  it.for(Object.keys(ANSWERS))('is read: %s', async (place) => {
    expect(await got(place)).toBe(TEXT);
  });

  it('that is over before anybody reads it is, too', async () => {
    const { port } = server.address() as AddressInfo;
    for (const [place, expected] of [
      ['empty', ''],
      ['cut', undefined],
    ] as const) {
      const closed = once(server, 'closed');
      const { body } = await http.get(`http://127.0.0.1:${port}/${place}`, {
        signal: new AbortController().signal,
      });
      await closed;
      await new Promise((resolve) => setImmediate(resolve));
      const read = text(body);
      if (expected === undefined) await expect(read).rejects.toThrow(HttpFault);
      else expect(await read).toBe(expected);
    }
  });

  it('of which compressed bytes are missing is none', async () => {
    await expect(got('nothing')).rejects.toThrow(HttpFault);
  });
});
