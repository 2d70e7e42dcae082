import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { handler } from '../../../functions/handlers/authorizeBasic.ts';
import { keptEnvironment } from '../../support/environment.ts';

/** AWS's extension, as its manual has it: the secret for whoever has the session's token. */
let extension: Server;
let secret: string;
const asked: { url: string | undefined; token: unknown }[] = [];
const restoreEnvironment = keptEnvironment();

beforeAll(async () => {
  extension = createServer((request, response) => {
    asked.push({ url: request.url, token: request.headers['x-aws-parameters-secrets-token'] });
    response.end(JSON.stringify({ ARN: 'arn', SecretString: secret }));
  });
  await new Promise<void>((resolve) => extension.listen(0, resolve));
  process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT = String((extension.address() as AddressInfo).port);
  process.env.AWS_SESSION_TOKEN = 'session-token';
  process.env.BASIC_AUTH_SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:1:secret:callers/x';
});
afterAll(async () => {
  restoreEnvironment();
  await new Promise((resolve) => extension.close(resolve));
});
beforeEach(() => {
  secret = '{"username":"wcs","password":"pa:ss wörd"}';
});

const basic = (text: string) => Buffer.from(text).toString('base64');
const ask = (authorization: string | undefined) =>
  (handler as unknown as (event: unknown) => Promise<{ isAuthorized: boolean }>)({
    headers: authorization === undefined ? {} : { authorization },
  });

it.each([
  [`Basic ${basic('wcs:pa:ss wörd')}`, true],
  [`basic  ${basic('wcs:pa:ss wörd')}`, true],
  [`Basic ${basic('wcs:pa:ss word')}`, false],
  [`Basic ${basic('wcs:')}`, false],
  [`Basic ${basic('WCS:pa:ss wörd')}`, false],
  [`Bearer ${basic('wcs:pa:ss wörd')}`, false],
  ['Basic', false],
  ['', false],
  [undefined, false],
])('%s: %s', async (header, isAuthorized) => {
  expect(await ask(header)).toEqual({ isAuthorized });
  expect(asked.at(-1)).toEqual({
    url: '/secretsmanager/get?secretId=arn%3Aaws%3Asecretsmanager%3Aeu-west-1%3A1%3Asecret%3Acallers%2Fx',
    token: 'session-token',
  });
});

it.each(['', '{"username":"wcs"}', '{"username":"","password":""}', 'top-secret'])(
  'lets nobody in when the secret is %j, and does not repeat it',
  async (value) => {
    secret = value;
    await expect(ask(`Basic ${basic(':')}`)).rejects.toThrow(
      'the secret is not JSON of the fields that are needed',
    );
  },
);
