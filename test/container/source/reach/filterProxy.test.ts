import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FilterProxy } from '../../../../container/source/reach/filterProxy.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';
import { closeServer, listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { freePort, waitFor } from '../../../support/children.ts';

const MIB = 1024 * 1024;

describe('the filtering proxy', () => {
  let proxy: FilterProxy;
  let origin: Server;
  let originUrl: string;
  let heard: { readonly url: string | undefined; readonly headers: NodeJS.Dict<string | string[]> }[];
  let forbidden: string[];
  let failures: string[];
  let connections: number;

  beforeEach(async () => {
    [heard, forbidden, failures, connections] = [[], [], [], 0];
    origin = createServer((request, response) => {
      heard.push({ url: request.url, headers: request.headers });
      if (request.url === '/large') response.end(Buffer.alloc(40 * MIB, 7));
      else if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => request.socket.resetAndDestroy());
      } else response.end('body');
    });
    origin.on('connection', () => {
      connections += 1;
    });
    originUrl = await listenOnLoopback(origin);
    proxy = await FilterProxy.start({
      rules: { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] },
      lookup: async (host) => {
        if (host === 'origin.test') return ['127.0.0.1'];
        if (host === 'evil.test') return ['127.0.0.1', '10.0.0.1'];
        throw new Error('ENOTFOUND');
      },
      onForbidden: (error) => forbidden.push(error.message),
      onFailure: (complaint) => failures.push(complaint),
    });
  });
  afterEach(async () => {
    await proxy.close();
    await closeServer(origin);
  });

  const open = (): Socket => {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    return socket;
  };
  const ask = async (text: string): Promise<string> => {
    const socket = open();
    socket.write(text);
    let answer = '';
    socket.on('data', (bytes) => {
      answer += String(bytes);
    });
    await once(socket, 'close');
    return answer;
  };
  const get = (url: string): Promise<string> =>
    ask(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n`);

  it('hands a request on to the host of its URL, and the answer back', async () => {
    const { port } = new URL(originUrl);
    expect(await get(`http://origin.test:${port}/a?b`)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*body$/);
    expect(heard).toEqual([{ url: '/a?b', headers: { host: `origin.test:${port}`, connection: 'close' } }]);
  });

  it('tunnels', async () => {
    const { host } = new URL(originUrl);
    const socket = open();
    socket.write(`CONNECT ${host} HTTP/1.1\r\n\r\n`);
    expect(String((await once(socket, 'data'))[0])).toBe('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.write('GET /tunnelled HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toContain('200 OK');
    expect(heard[0]?.url).toBe('/tunnelled');
    socket.destroy();
  });

  it.each(['http://10.0.0.1/', 'http://evil.test/', 'http://0x7f.2/', 'http://169.254.170.2/'])(
    'refuses %s and says so',
    async (url) => {
      expect(await get(url)).toMatch(/^HTTP\/1\.1 403 /);
      expect(await ask(`CONNECT ${new URL(url).host}:443 HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
      expect(forbidden).toHaveLength(2);
      expect(failures).toEqual([]);
      expect(connections).toBe(0);
    },
  );

  it('says why an origin could not be reached', async () => {
    expect(await get(`http://origin.test:${await freePort()}/`)).toMatch(/^HTTP\/1\.1 502 /);
    expect(await get('http://missing.test/')).toMatch(/^HTTP\/1\.1 502 /);
    expect(failures).toEqual(['Connection refused', 'Failed to resolve hostname']);
  });

  it.each([
    'POST http://origin.test/ HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n',
    'x\r\n\r\n',
  ])('does not understand %j', async (text) => {
    expect(await ask(text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(connections).toBe(0);
  });

  it('takes one request from a connection: the next is judged on one of its own', async () => {
    const { host } = new URL(originUrl);
    const first = `GET http://${host}/1 HTTP/1.1\r\nHost: x\r\n\r\n`;
    expect(await ask(first + first.replace('/1', '/2'))).toMatch(/^HTTP\/1\.1 400 /);
    expect(heard).toEqual([]);
  });

  it('does not let a cut answer look like a whole one', async () => {
    const socket = open();
    const failed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`GET ${originUrl}/cut HTTP/1.1\r\n\r\n`);
    expect(await failed).toBe(true);
  });

  it('hands on no faster than the client takes it', async () => {
    const socket = open();
    socket.write(`GET ${originUrl}/large HTTP/1.1\r\n\r\n`);
    socket.pause();
    await waitFor('the request', () => (heard.length > 0 ? true : undefined));
    const before = process.memoryUsage.rss();
    await new Promise((resolve) => setTimeout(resolve, 500));
    // The origin is in this process too, and its 40 MiB are there once.
    expect(process.memoryUsage.rss() - before).toBeLessThan(70 * MIB);
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(bytes).toBeGreaterThan(40 * MIB);
  });

  it('gathers the pieces of a live stream, and loses none', async () => {
    const pieces = 180;
    const live = createTcpServer((socket) => {
      socket.setNoDelay(true);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      let sent = 0;
      const timer = setInterval(() => {
        socket.write(`piece ${sent++};`);
        if (sent === pieces) {
          clearInterval(timer);
          socket.end();
        }
      }, 16);
    });
    await new Promise<void>((resolve) => live.listen(0, '127.0.0.1', resolve));
    const reads: { readonly atMs: number; readonly text: string }[] = [];
    const socket = open();
    const startedAtMs = performance.now();
    socket.on('data', (bytes) => reads.push({ atMs: performance.now() - startedAtMs, text: String(bytes) }));
    socket.write(`GET http://127.0.0.1:${(live.address() as AddressInfo).port}/ HTTP/1.1\r\n\r\n`);
    await once(socket, 'close');
    const body =
      reads
        .map(({ text }) => text)
        .join('')
        .split('\r\n\r\n')[1] ?? '';
    expect(body).toBe(Array.from({ length: pieces }, (_, i) => `piece ${i};`).join(''));
    const lateReads = reads.filter(({ atMs }) => atMs > 1_200);
    const seconds = ((reads.at(-1)?.atMs ?? 0) - 1_200) / 1_000;
    expect(lateReads.length / seconds).toBeLessThan(9);
    live.close();
  });

  it('leaves nothing behind when it is closed', async () => {
    const originIsLeft = Promise.withResolvers<void>();
    const live = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('close', () => originIsLeft.resolve());
      socket.resume();
      socket.write('HTTP/1.1 200 OK\r\n\r\nx');
    });
    await new Promise<void>((resolve) => live.listen(0, '127.0.0.1', resolve));
    const socket = open();
    socket.write(`GET http://127.0.0.1:${(live.address() as AddressInfo).port}/ HTTP/1.1\r\n\r\n`);
    await once(socket, 'data');
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await proxy.close();
    await Promise.all([gone, originIsLeft.promise]);
    live.close();
  });
});
