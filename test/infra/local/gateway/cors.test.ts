import { describe, expect, it } from 'vitest';
import type { Invocation } from '../../../../infra/local/lambda/environment.ts';
import { gatewaysForTests, serve } from './served.ts';

gatewaysForTests();

describe('pages of other origins', () => {
  const CORS = {
    allowedOrigins: ['https://studio.example'],
    allowedMethods: ['GET', 'POST'],
    allowedHeaders: ['content-type'],
    exposedHeaders: ['etag'],
    maxAgeSeconds: 60,
  };
  const answer: Invocation = {
    ok: true,
    payload: { statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*', etag: '"1"' }, body: '{}' },
  };
  const ask = (origin: string) => ({ origin, 'access-control-request-method': 'POST' });
  const corsOf = (headers: Headers) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

  it('are told what they may, before any function is called', async () => {
    const { url, calls } = await serve(answer, { cors: CORS });
    const told = await fetch(`${url}/start`, { method: 'OPTIONS', headers: ask('https://studio.example') });
    expect(told.status).toBe(204);
    expect(corsOf(told.headers)).toEqual({
      'access-control-allow-origin': 'https://studio.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '60',
    });
    const other = await fetch(`${url}/start`, { method: 'OPTIONS', headers: ask('https://evil.example') });
    expect([other.status, corsOf(other.headers)]).toEqual([204, {}]);
    expect(calls).toEqual([]);
  });

  it('may read answers, by what the API says and not by what its functions say', async () => {
    const { url } = await serve(answer, { cors: CORS });
    const read = async (origin: string) =>
      corsOf((await fetch(`${url}/recordings/1`, { headers: { origin } })).headers);
    expect(await read('https://studio.example')).toEqual({
      'access-control-allow-origin': 'https://studio.example',
      'access-control-expose-headers': 'etag',
    });
    expect(await read('https://evil.example')).toEqual({});
  });

  it('are the functions’ own affair where the API says nothing of them', async () => {
    const { url, calls } = await serve(answer);
    const told = await fetch(`${url}/start`, { method: 'OPTIONS', headers: ask('https://studio.example') });
    expect([told.status, corsOf(told.headers)]).toEqual([200, { 'access-control-allow-origin': '*' }]);
    expect(calls).toHaveLength(1);
  });
});
