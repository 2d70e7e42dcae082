import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { PUBLIC_HTTPS } from '../../../functions/core/webhooks/settings.ts';
import { NotTakenError, postWebhook } from '../../../functions/webhooks/post.ts';
import { closeServer, listenOnLoopback } from '../../../infra/emulators/shared/loopback.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function endpoint(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closers.push(() => closeServer(server));
  return listenOnLoopback(server);
}

const message = { headers: { 'webhook-id': 'e1' }, body: '{"type":"ä"}' };
const rules = { ...PUBLIC_HTTPS, schemes: ['http' as const], privateNetworks: ['127.0.0.0/8'] };
const never = async (): Promise<readonly string[]> => {
  throw new Error('no name is to be resolved');
};

describe('an endpoint', () => {
  it('gets headers and body, and takes them with any 2xx', async () => {
    const seen: { request: IncomingMessage; body: string }[] = [];
    const url = await endpoint(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      seen.push({ request, body });
      response.writeHead(204).end();
    });
    await postWebhook(`${url}/hook?x=1`, message, { rules, lookup: never });
    expect(seen).toMatchObject([
      { request: { method: 'POST', url: '/hook?x=1', headers: { 'webhook-id': 'e1' } }, body: message.body },
    ]);
  });

  it.each([
    [500, {}, undefined],
    [410, {}, undefined],
    [429, { 'retry-after': '90' }, 90],
    [503, { 'retry-after': 'soon' }, undefined],
    [503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, undefined],
    // It would lead elsewhere, unjudged.
    [307, { location: 'http://169.254.169.254/' }, undefined],
  ] as const)('that answers %i %j has not taken it', async (status, headers, retryAfterSeconds) => {
    const url = await endpoint((_request, response) => response.writeHead(status, headers).end('secret'));
    const failed = postWebhook(url, message, { rules, lookup: never });
    await expect(failed).rejects.toMatchObject({
      name: 'NotTakenError',
      message: `the endpoint answered ${status}`,
      retryAfterSeconds,
      isGone: status === 410,
    });
  });

  it('may say as a date when to come again', async () => {
    const retryAfter = new Date(Date.now() + 3_600_000).toUTCString();
    const url = await endpoint((_request, response) =>
      response.writeHead(503, { 'retry-after': retryAfter }).end(),
    );
    const failed: unknown = await postWebhook(url, message, { rules, lookup: never }).catch((error) => error);
    const { retryAfterSeconds = 0 } = failed as NotTakenError;
    expect(retryAfterSeconds).toBeGreaterThan(3_000);
    expect(retryAfterSeconds).toBeLessThanOrEqual(3_600);
  });

  it('that does not answer, or is not there, has not taken it', async () => {
    const url = await endpoint(() => undefined);
    const late = postWebhook(url, message, { rules, lookup: never, timeoutMs: 50 });
    await expect(late).rejects.toThrow('the endpoint did not answer in time');
    await closers.splice(0)[0]?.();
    await expect(postWebhook(url, message, { rules, lookup: never })).rejects.toThrow(NotTakenError);
  });

  it.each([
    ['https://127.0.0.1/', []],
    ['https://169.254.169.254/latest', []],
    ['https://[::1]/', []],
    ['http://hooks.example/', ['93.184.216.34']],
    ['https://hooks.example/', ['127.0.0.1']],
    ['https://hooks.example/', ['93.184.216.34', '10.0.0.1']],
    ['https://hooks.example/', ['::ffff:169.254.169.254']],
  ])('that is not public HTTPS is not asked: %s at %j', async (url, addresses) => {
    const failed = postWebhook(url, message, { rules: PUBLIC_HTTPS, lookup: async () => addresses });
    await expect(failed).rejects.toThrow(/that this deployment (does not allow|allows)/);
  });
});
