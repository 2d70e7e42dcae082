import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { defects, gatewaysForTests, serve } from './served.ts';

gatewaysForTests();

/** Sends bytes as they are: fetch would tidy them. */
async function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  socket.write(request);
  await once(socket, 'close');
  return answer;
}

it('keeps a connection longer than clients keep one that is idle', async () => {
  const { url } = await serve();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST /start HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  expect(Number(/^keep-alive: timeout=(\d+)\r$/im.exec(answer.toString())?.[1])).toBeGreaterThan(300);
});

describe('events', () => {
  it('have payload format 2.0', async () => {
    const { url, calls } = await serve();
    const { port } = new URL(url);
    await raw(
      url,
      [
        'PUT /streams/camera%201%2Fleft?a=1&b=x%20y&a=2&empty HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        'User-Agent: test',
        'X-Twice: one',
        'x-twice: two',
        'Cookie: c1=v1; c2=v2',
        'Content-Type: application/json; charset=utf-8',
        'Content-Length: 11',
        'Connection: close',
        '',
        '{"name":""}',
      ].join('\r\n'),
    );
    expect(calls).toEqual([
      {
        functionName: 'putStream',
        event: {
          version: '2.0',
          routeKey: 'PUT /streams/{mediaSessionId+}',
          rawPath: '/streams/camera 1/left',
          rawQueryString: 'a=1&b=x%20y&a=2&empty',
          cookies: ['c1=v1', 'c2=v2'],
          headers: {
            connection: 'close',
            'content-length': '11',
            'content-type': 'application/json; charset=utf-8',
            host: `127.0.0.1:${port}`,
            'user-agent': 'test',
            'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
            'x-forwarded-for': '127.0.0.1',
            'x-forwarded-port': port,
            'x-forwarded-proto': 'http',
            'x-twice': 'one,two',
          },
          queryStringParameters: { a: '1,2', b: 'x y', empty: '' },
          pathParameters: { mediaSessionId: 'camera 1/left' },
          requestContext: {
            accountId: '000000000000',
            apiId: 'local',
            domainName: `127.0.0.1:${port}`,
            domainPrefix: '127',
            http: {
              method: 'PUT',
              path: '/streams/camera 1/left',
              protocol: 'HTTP/1.1',
              sourceIp: '127.0.0.1',
              userAgent: 'test',
            },
            requestId: expect.stringMatching(/./),
            routeKey: 'PUT /streams/{mediaSessionId+}',
            stage: '$default',
            time: '05/Mar/2026:09:03:58 +0000',
            timeEpoch: Date.UTC(2026, 2, 5, 9, 3, 58, 250),
          },
          body: '{"name":""}',
          isBase64Encoded: false,
        },
      },
    ]);
  });

  it.each([
    // An encoded slash parts segments: no route of ours has two there.
    ['/recordings/a%2Fb', undefined],
    // What is encoded twice is one segment, and its value is decoded twice.
    ['/recordings/a%252Fb', { recordingId: 'a/b' }],
    // What cannot be decoded again stays as it is.
    ['/recordings/50%25', { recordingId: '50%' }],
  ])('%s: the path is decoded before a route is looked for', async (path, pathParameters) => {
    const { url, calls } = await serve();
    await fetch(url + path);
    expect(calls[0]?.functionName).toBe(pathParameters === undefined ? 'notFound' : 'getRecording');
    expect(calls[0]?.event.pathParameters).toEqual(pathParameters);
  });

  it('have neither body nor parameters where there are none', async () => {
    const { url, calls } = await serve();
    await fetch(`${url}/nowhere`);
    expect(calls[0]?.functionName).toBe('notFound');
    expect(calls[0]?.event).toMatchObject({ routeKey: '$default', rawPath: '/nowhere', rawQueryString: '' });
    for (const name of ['body', 'cookies', 'pathParameters', 'queryStringParameters'])
      expect(calls[0]?.event).not.toHaveProperty(name);
  });

  it.each([
    ['text/plain;charset=UTF-8', false],
    ['application/json', false],
    ['application/xml', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    [undefined, true],
  ])('with a body of type %s: base64 is %s', async (type, base64) => {
    const { url, calls } = await serve();
    await fetch(`${url}/start`, {
      method: 'POST',
      body: Buffer.from('é'),
      headers: type === undefined ? {} : { 'content-type': type },
    });
    expect(calls[0]?.event).toMatchObject({ isBase64Encoded: base64, body: base64 ? 'w6k=' : 'é' });
  });
});

describe('answers', () => {
  it('have the status, headers and cookies that the function gave', async () => {
    const { url } = await serve({
      ok: true,
      payload: {
        statusCode: 201,
        headers: { 'Content-Type': 'application/json', 'X-Number': 7 },
        cookies: ['a=1; HttpOnly', 'b=2'],
        body: '{"é":1}',
      },
    });
    const answer = await fetch(`${url}/recordings/r1`);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-number')).toBe('7');
    expect(answer.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
    expect(answer.headers.get('apigw-requestid')).toMatch(/./);
    expect(await answer.text()).toBe('{"é":1}');
  });

  it('decode base64', async () => {
    const { url } = await serve({
      ok: true,
      payload: { statusCode: 200, body: 'AP8=', isBase64Encoded: true },
    });
    const answer = await fetch(`${url}/recordings/r1`);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(Uint8Array.of(0, 255));
  });

  it('are 200 and JSON for a result without a status', async () => {
    const { url } = await serve({ ok: true, payload: { some: 'thing' } });
    const answer = await fetch(`${url}/recordings/r1`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ some: 'thing' });
  });

  it.each([
    ['fails', { ok: false, errorType: 'Error', errorMessage: 'the inside' }],
    ['answers a bad status', { ok: true, payload: { statusCode: 'many' } }],
    ['answers a body that is no text', { ok: true, payload: { statusCode: 200, body: { a: 1 } } }],
  ] as const)('hide the inside of a function that %s', async (_name, invocation) => {
    const { url } = await serve(invocation);
    const answer = await fetch(`${url}/recordings/r1`);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({ message: 'Internal Server Error' });
  });

  it('are 503 when the function takes too long', async () => {
    const { url } = await serve(() => new Promise(() => undefined), { integrationTimeoutMs: 20 });
    const answer = await fetch(`${url}/recordings/r1`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ message: 'Service Unavailable' });
  });

  it('are 413 over 10 MiB, and the function is not called', async () => {
    const { url, calls } = await serve();
    const most = 10 * 1024 * 1024;
    const send = (bytes: number) =>
      fetch(`${url}/start`, { method: 'POST', body: Buffer.alloc(bytes, 0x61) });
    expect((await send(most)).status).toBe(204);
    const answer = await send(most + 1);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({ message: 'Request Entity Too Large' });
    expect(calls).toHaveLength(1);
  });

  it('are 400 for a path that cannot be decoded', async () => {
    const { url, calls } = await serve();
    expect((await fetch(`${url}/recordings/%zz`)).status).toBe(400);
    expect(calls).toEqual([]);
  });

  it('are 500 when the runtime itself throws, which is told', async () => {
    const { url } = await serve(() => Promise.reject(new Error('a defect')));
    expect((await fetch(`${url}/recordings/r1`)).status).toBe(500);
    expect(defects.splice(0)).toEqual([new Error('a defect')]);
  });
});

it('takes no harm from a client that leaves in the middle of its body', async () => {
  const { url, calls } = await serve();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write('POST /start HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"media');
  await once(socket, 'connect');
  socket.destroy();
  expect((await fetch(`${url}/recordings/r1`)).status).toBe(204);
  expect(calls).toHaveLength(1);
});

it('says which port is taken', async () => {
  const { url } = await serve();
  await expect(serve(undefined, { port: Number(new URL(url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
