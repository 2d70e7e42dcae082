import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ALBEvent, ALBResult, Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Queue } from '../../../infra/emulators/queue/queue.ts';
import { type QueueServer, startQueueServer } from '../../../infra/emulators/queue/server.ts';
import { closeServer, listenOnLoopback } from '../../../infra/emulators/shared/loopback.ts';
import { resources, sdkEnvironment } from '../../../infra/local/place.ts';
import { FUNCTIONS } from '../../../infra/wiring.ts';
import { TestApi } from '../../api/support.ts';
import { keptEnvironment } from '../../support/environment.ts';

/** The function behind a load balancer: its event shape, its own look at who calls. */
type Handler = (event: ALBEvent, context: Context) => Promise<ALBResult>;

const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:1:secret:callers/x';
const restoreEnvironment = keptEnvironment();
const folder = mkdtempSync(path.join(tmpdir(), 'ports-'));
let api: TestApi;
let extension: Server;
let launches: Queue;
let sqs: QueueServer;
let handler: Handler;

beforeAll(async () => {
  api = await TestApi.start();
  extension = createServer((_request, response) => {
    response.end(JSON.stringify({ SecretString: '{"username":"wcs","password":"pa:ss"}' }));
  });
  const { s3Url, eventsUrl, ecsUrl, credentials } = api.runtime;
  launches = new Queue({
    region: api.runtime.region,
    accountId: '000000000000',
    file: path.join(folder, 'launch.jsonl'),
    name: 'launch',
    visibilityTimeoutMs: 5_000,
  });
  sqs = await startQueueServer({ accountId: '000000000000', queues: [launches], onDefect: console.error });
  const held = resources({}, () => sqs.queueUrl('launch'), 0, 5_000);
  const wired = Object.entries(FUNCTIONS.wcs.environment).map(([name, resource]) => [name, held[resource]]);
  Object.assign(process.env, sdkEnvironment(credentials, { s3: s3Url, events: eventsUrl, sqs: sqs.url }), {
    ...Object.fromEntries(wired),
    AWS_ENDPOINT_URL_ECS: ecsUrl,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: new URL(await listenOnLoopback(extension)).port,
  });
  handler = ((await import('../../../functions/handlers/wcs.ts')) as unknown as { handler: Handler }).handler;
});
afterAll(async () => {
  restoreEnvironment();
  await closeServer(extension);
  await sqs.close();
  await launches.close();
  rmSync(folder, { recursive: true });
  await api.close();
});
beforeEach(() => {
  process.env.WCS_PORTS_AUTH = SECRET_ARN;
});

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** As the load balancer sends it. */
async function ask(
  path: string,
  body: unknown,
  { authorization = basic('wcs:pa:ss'), method = 'POST' }: { authorization?: string; method?: string } = {},
): Promise<{ status: number; headers: ALBResult['headers']; body: Record<string, unknown> }> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const answer = await handler(
    {
      requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1' } },
      httpMethod: method,
      path,
      queryStringParameters: {},
      headers: {
        host: 'wcs.example:8444',
        'user-agent': 'curl/8',
        'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
        'x-forwarded-for': '198.51.100.7',
        'x-forwarded-port': '8444',
        'x-forwarded-proto': 'https',
        ...(authorization === '' ? {} : { authorization }),
      },
      // No content type: the load balancer takes the body for bytes.
      body: Buffer.from(text).toString('base64'),
      isBase64Encoded: true,
    },
    { awsRequestId: 'r1' } as Context,
  );
  expect(answer).toMatchObject({ isBase64Encoded: false, body: expect.any(String) });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: JSON.parse(answer.body ?? '') as Record<string, unknown>,
  };
}

describe("on WCS's ports", () => {
  it('a client starts and stops a recording that the HTTP API knows', async () => {
    await api.publish('p1');
    const session = { mediaSessionId: 'p1' };
    const started = await ask('/rest-api/stream/startRecording', session);
    expect(started).toMatchObject({ status: 200, body: { ...session, alreadyStarted: false } });
    const { recordingId } = started.body;
    expect((await api.call('GET', `/recordings/${recordingId}`)).body).toMatchObject(session);
    expect(await ask('/rest-api/recorder/terminate/', session)).toMatchObject({
      status: 200,
      body: { recordingId, status: 'stopping' },
    });
    expect((await ask('/rest-api/stream/find_all', undefined)).body).toMatchObject([{ name: 'p1' }]);
  });

  it.each([
    ['/rest-api/stream/nothing', 'POST', 404, 'route_not_found'],
    ['/recordings', 'GET', 404, 'route_not_found'],
    ['/rest-api/stream/find_all', 'GET', 405, 'method_not_allowed'],
    ['/rest-api/stream/startRecording', 'POST', 400, 'malformed_json'],
  ])('%s %s: %d', async (path, method, status, code) => {
    const answer = await ask(path, undefined, { method });
    expect(answer).toMatchObject({ status, body: { error: { code, requestId: 'r1' } } });
  });

  it.each([basic('wcs:wrong'), 'Bearer x', ''])(
    'whoever sends %j is asked for HTTP Basic',
    async (authorization) => {
      const answer = await ask('/rest-api/stream/find_all', undefined, { authorization });
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
      expect(answer.headers).toMatchObject({ 'www-authenticate': expect.stringMatching(/^Basic realm=/) });
    },
  );

  it('nobody comes in where no load balancer is deployed; everybody where that is said', async () => {
    process.env.WCS_PORTS_AUTH = 'off';
    expect((await ask('/rest-api/stream/find_all', undefined)).status).toBe(401);
    process.env.WCS_PORTS_AUTH = 'none';
    expect((await ask('/rest-api/stream/find_all', undefined, { authorization: '' })).status).toBe(200);
  });
});
