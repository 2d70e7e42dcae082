import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { linkToken } from '../../../functions/core/playback/linkToken.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import { partKey, vodPlaylistKey } from '../../../functions/core/state/keys.ts';
import { type SecretsServer, startSecretsServer } from '../../../infra/emulators/secrets/server.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from '../relocation/bench.ts';
import type { Landed } from '../relocation/landed.ts';

const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:play';
const KEY = 'a key of at least thirty-two characters';
const LIST = `#EXTM3U\n${'#EXTINF:6.000,\n1.mp4\n'.repeat(50)}#EXT-X-ENDLIST\n`;
const INIT = patternBytes(1_300);
const RECORD = patternBytes(100_000);

let bench: MoveBench;
let secrets: SecretsServer;
let recorded: Landed;

beforeAll(async () => {
  bench = await MoveBench.start();
  secrets = await startSecretsServer({ secrets: new Map([[SECRET, JSON.stringify({ key: KEY })]]) });
  const environment = {
    ...bench.environment,
    PLAYBACK_KEY_SECRET_ARN: SECRET,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(secrets.port),
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  recorded = await bench.land(RECORD);
  await bench.move(recorded.key);
  const { job, open } = recorded;
  const init = INIT.toString('base64');
  await bench.store.overwrite(partKey(job.recordingId, 1, 'open'), { ...open, init });
  await bench.store.overwriteBytes(vodPlaylistKey(job.recordingId), Buffer.from(LIST));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await secrets.close();
  await bench.close();
});

async function ask(
  file: string,
  headers: Readonly<Record<string, string>> = {},
  recordingId = recorded.job.recordingId,
) {
  const { handler } = await import('../../../functions/handlers/play.ts');
  const token = linkToken(recordingId, Date.now() + 600_000, KEY);
  const event = {
    routeKey: 'GET /play/{token}/{file}',
    rawPath: `/play/${token}/${file}`,
    headers,
    pathParameters: { token, file },
    requestContext: { http: { method: 'GET' } },
  } as unknown as APIGatewayProxyEventV2;
  const {
    statusCode,
    headers: answered = {},
    body = '',
    isBase64Encoded,
  } = await handler(event, { awsRequestId: 'r1' } as Context);
  return {
    status: statusCode,
    headers: answered,
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  };
}

describe('a link that is asked for a range', () => {
  it.each([
    ['a list', 'vod.m3u8', Buffer.from(LIST)],
    ['an init segment', 'init-1.mp4', INIT],
  ])('gives all of %s, as RFC 9110 lets who knows no ranges', async (_what, file, whole) => {
    const { status, headers, body } = await ask(file, { range: 'bytes=10-19' });
    expect(status).toBe(200);
    expect(body).toEqual(whole);
    expect(Object.keys(headers).map((name) => name.toLowerCase())).not.toContain('content-range');
  });

  it.each([
    ['bytes=1000-1999', 206, RECORD.subarray(1_000, 2_000)],
    ['bytes=-10', 206, RECORD.subarray(-10)],
    ['bytes=99990-200000', 206, RECORD.subarray(99_990)],
    ['bytes=100000-', 416, undefined],
  ])('leads to a record of which S3 gives just that: %s', async (range, expected, bytes) => {
    const { status, headers } = await ask('1.mp4', { range });
    expect(status).toBe(302);
    const answer = await fetch(String(headers.location), { headers: { range } });
    expect(answer.status).toBe(expected);
    const given = Buffer.from(await answer.arrayBuffer());
    if (bytes !== undefined) expect(given).toEqual(bytes);
  });
});

describe('a link that is good', () => {
  it.each(['vod.m3u8', '1.mp4', 'init-1.mp4', 'stream.m3u8', 'live.m3u8', 'storyboard.vtt'])(
    'says of a recording that is no more that there is none: %s',
    async (file) => {
      const { status, body } = await ask(file, {}, newRecordingId(0, Buffer.alloc(16, 9)));
      expect(status).toBe(404);
      expect(JSON.parse(body.toString())).toMatchObject({
        error: { code: 'recording_not_found', requestId: 'r1' },
      });
    },
  );
});
