import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { httpHandler } from '../../../functions/aws/http.ts';
import { RecorderError } from '../../../functions/core/api/errors.ts';

function event(change: Partial<APIGatewayProxyEventV2> = {}): APIGatewayProxyEventV2 {
  return {
    version: '2.0',
    routeKey: 'POST /x',
    rawPath: '/x',
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    requestContext: { http: { method: 'POST', path: '/x' } } as APIGatewayProxyEventV2['requestContext'],
    isBase64Encoded: false,
    ...change,
  };
}
const context = { awsRequestId: 'r1' } as Context;
const echo = httpHandler(async ({ body, path }) => ({ status: 200, body: { body, path } }), { body: 'json' });

async function call(handler: typeof echo, change?: Partial<APIGatewayProxyEventV2>) {
  const answer = await handler(event(change), context);
  return {
    status: answer.statusCode,
    headers: answer.headers ?? {},
    body: JSON.parse(answer.body ?? '') as unknown,
  };
}

describe('HTTP functions', () => {
  it('parse JSON whatever its content type, in base64 too', async () => {
    const body = '{"a":"ä"}';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const encoded = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true, headers };
    for (const change of [{ body }, { body, headers: {} }, encoded]) {
      expect(await call(echo, change)).toMatchObject({ status: 200, body: { body: { a: 'ä' }, path: {} } });
    }
  });

  it('never let a body be cached or sniffed', async () => {
    const { headers } = await call(echo, { body: '{}' });
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    // A page's headers mean nothing to who reads JSON.
    expect(Object.keys(headers).sort()).toEqual([
      'Content-Security-Policy',
      'Strict-Transport-Security',
      'X-Content-Type-Options',
      'cache-control',
      'content-type',
    ]);
  });

  it('have an ETag for what is read, and are not sent again to who has it', async () => {
    const requestContext = {
      http: { method: 'GET', path: '/x' },
    } as APIGatewayProxyEventV2['requestContext'];
    const read = httpHandler(async () => ({ status: 200, body: { a: 1 } }), { body: 'none' });
    const { headers } = await call(read, { requestContext });
    expect(headers.etag).toMatch(/^W\//);
    const again = { requestContext, headers: { 'if-none-match': String(headers.etag) } };
    const known = await read(event(again), context);
    expect(known).toMatchObject({ statusCode: 304, headers: { etag: headers.etag } });
    expect(known.body).toBeUndefined();
    expect((await call(echo, { body: '{}' })).headers).not.toHaveProperty('etag');
  });

  it.each([
    ['no body', {}, 400, 'malformed_json'],
    ['half a body', { body: '{"a":' }, 400, 'malformed_json'],
    ['65,537 bytes', { body: `"${'x'.repeat(65_535)}"` }, 413, 'body_too_large'],
    ['65,536 bytes', { body: `"${'x'.repeat(65_534)}"` }, 200, undefined],
    [
      '65,536 bytes in base64',
      { body: Buffer.from(`"${'x'.repeat(65_534)}"`).toString('base64'), isBase64Encoded: true },
      200,
      undefined,
    ],
  ])('%s', async (_name, change, status, code) => {
    const answer = await call(echo, change);
    expect(answer.status).toBe(status);
    if (code !== undefined)
      expect(answer.body).toMatchObject({ error: { code, field: 'body', requestId: 'r1' } });
  });

  it('do not let a body change objects’ prototypes', async () => {
    const answer = await call(echo, { body: '{"__proto__":{"polluted":true}}' });
    expect(answer.status === 400 || !('polluted' in {})).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('answer what a function throws: its own errors in full, others with nothing of the inside', async () => {
    const refusing = httpHandler(
      async () => {
        throw new RecorderError('stale_event', 'Too old.', { field: 'eventAtMs' });
      },
      { body: 'none' },
    );
    expect(await call(refusing)).toMatchObject({
      status: 409,
      body: { error: { code: 'stale_event', message: 'Too old.', field: 'eventAtMs', requestId: 'r1' } },
    });
    const failing = httpHandler(
      async () => {
        throw new Error('AccessDenied: arn:aws:iam::1:role/secret');
      },
      { body: 'none' },
    );
    const answer = await call(failing);
    expect(answer).toMatchObject({
      status: 500,
      body: { error: { code: 'internal_error', requestId: 'r1' } },
    });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});
