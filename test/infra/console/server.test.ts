import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { signed } from '../../../clients/cli/connect.ts';
import { startConsoleServer } from '../../../infra/console/server.ts';

describe('the console of a deployment, on loopback', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof startConsoleServer>>;
  const sent: { url: string; method: string; headers: Headers; body: string }[] = [];
  let answer = () => Response.json({ recordings: [] }, { headers: { etag: '"1"', 'set-cookie': 'a=b' } });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'console-'));
    await writeFile(path.join(folder, 'index.html'), '<!doctype html>');
    server = await startConsoleServer({
      port: 0,
      api: 'https://api.example/prod',
      send: async (asked) => {
        const { url, method, headers } = asked;
        sent.push({ url, method, headers, body: await asked.text() });
        return answer();
      },
      folder,
    });
  });
  beforeEach(() => void sent.splice(0));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it('serves the page, which may ask this server, the API and buckets alone', async () => {
    const page = await fetch(server.url);
    expect(await page.text()).toBe('<!doctype html>');
    expect(page.headers.get('content-security-policy')).toContain(
      "connect-src 'self' https://api.example https://*.amazonaws.com;",
    );
    expect(sent).toEqual([]);
  });

  it('hands calls on with what the API is to know of them, and answers back', async () => {
    const read = await fetch(`${server.url}/recordings?limit=2`, {
      headers: { 'if-none-match': '"0"', cookie: 'c=d', authorization: 'Basic mine' },
    });
    expect([read.status, read.headers.get('etag'), await read.json()]).toEqual([
      200,
      '"1"',
      { recordings: [] },
    ]);
    expect(read.headers.get('set-cookie')).toBeNull();
    const [call] = sent;
    expect(call).toMatchObject({ url: 'https://api.example/prod/recordings?limit=2', method: 'GET' });
    expect(Object.fromEntries(call?.headers ?? [])).toEqual({ accept: '*/*', 'if-none-match': '"0"' });
    answer = () => Response.json({ error: { code: 'recording_active' } }, { status: 409 });
    const started = await fetch(`${server.url}/recordings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k', origin: server.url },
      body: '{"mediaSessionId":"m"}',
    });
    expect([started.status, await started.json()]).toEqual([409, { error: { code: 'recording_active' } }]);
    expect(sent[1]).toMatchObject({ method: 'POST', body: '{"mediaSessionId":"m"}' });
    expect(sent[1]?.headers.get('idempotency-key')).toBe('k');
  });

  it.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page without an origin of its own', { origin: 'null' }],
    ['a picture or a form of another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['a name of somebody else that leads here', { host: 'rebound.example' }],
  ])('signs nothing for %s', async (_who, headers) => {
    expect(await statusOf('DELETE', '/recordings/01KB0000000000000000000000', headers)).toBe(403);
    expect(sent).toEqual([]);
  });

  it('says that the API does not answer, and nothing of why', async () => {
    answer = () => {
      throw new Error('secret inside');
    };
    const lost = await fetch(`${server.url}/health`);
    expect([lost.status, await lost.text()]).toEqual([502, expect.not.stringContaining('secret')]);
  });

  const statusOf = (method: string, url: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      request(`${server.url}${url}`, { method, headers }, (got) => {
        got.resume();
        resolve(got.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
});

it('signs for API Gateway with the credentials of the environment', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  const seen: Request[] = [];
  vi.stubGlobal('fetch', async (asked: Request) => {
    seen.push(asked);
    return new Response();
  });
  await signed('eu-west-1')(new Request('https://api.example/recordings', { method: 'GET' }));
  expect(seen[0]?.headers.get('authorization')).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/execute-api\/aws4_request, /,
  );
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});
