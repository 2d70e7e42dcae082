import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fileToken, type LinkedFile } from '../../../functions/core/links/fileToken.ts';
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

function ask(
  file: string,
  headers: Readonly<Record<string, string>> = {},
  recordingId = recorded.job.recordingId,
) {
  return answerOf('play', 'GET', linkToken(recordingId, Date.now() + 600_000, KEY), { file, headers });
}

async function answerOf(
  route: 'play' | 'files',
  method: 'GET' | 'HEAD' | 'OPTIONS',
  token: string,
  { file = 'a.mp4', headers = {} }: { file?: string; headers?: Readonly<Record<string, string>> } = {},
) {
  const { handler } = await import('../../../functions/handlers/play.ts');
  const event = {
    routeKey: `${method} /${route}/{token}/{file}`,
    rawPath: `/${route}/${token}/${file}`,
    headers,
    pathParameters: { token, file },
    requestContext: { http: { method } },
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

describe("a file's link", () => {
  const KEY_IN_LIBRARY = "it's a record (ä).mp4";
  const file = (as: LinkedFile['as'], versionId?: string): LinkedFile => ({
    as,
    bucket: 'library',
    key: KEY_IN_LIBRARY,
    versionId,
  });
  const token = (one: LinkedFile, lastsMs = 600_000): string => fileToken(one, Date.now() + lastsMs, KEY);
  beforeAll(() => bench.put('library', KEY_IN_LIBRARY, RECORD));

  it('leads to its object, as it is to be handed out, and to any range of it', async () => {
    const { status, headers } = await answerOf('files', 'GET', token(file('attachment')));
    expect([status, headers['cache-control']]).toEqual([302, 'no-store']);
    const whole = await fetch(String(headers.location));
    expect(whole.headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''it%27s%20a%20record%20%28%C3%A4%29.mp4",
    );
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(RECORD);
    const some = await fetch(String(headers.location), { headers: { range: 'bytes=10-19' } });
    expect(some.status).toBe(206);
    expect(Buffer.from(await some.arrayBuffer())).toEqual(RECORD.subarray(10, 20));
    const shown = await answerOf('files', 'GET', token(file('inline')));
    const inline = await fetch(String(shown.headers.location));
    expect(inline.headers.get('content-disposition')).toBe('inline');
    await inline.arrayBuffer();
  });

  it('leads to the version that was moved there, where a bucket has versions', async () => {
    for (const method of ['GET', 'HEAD'] as const) {
      const { headers } = await answerOf('files', method, token(file('inline', 'v/1')));
      expect(new URL(String(headers.location)).searchParams.get('versionId')).toBe('v/1');
    }
  });

  it('leads HEAD to where S3 answers HEAD', async () => {
    const { status, headers } = await answerOf('files', 'HEAD', token(file('attachment')));
    expect(status).toBe(302);
    const head = await fetch(String(headers.location), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(RECORD.length)]);
  });

  it('lets a page ask of any origin, and keep a picture for minutes', async () => {
    const asked = await answerOf('files', 'OPTIONS', 'whatever');
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'range',
    });
    const { headers } = await answerOf('files', 'GET', token(file('picture')));
    expect(headers['cache-control']).toBe('private, max-age=300');
    const picture = await fetch(String(headers.location));
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    await picture.arrayBuffer();
  });

  it('ends where it says: what it leads to is signed for what is left, and for a minute at least', async () => {
    for (const [lastsMs, seconds] of [
      [600_000, 600],
      [30_000, 60],
    ] as const) {
      const { headers } = await answerOf('files', 'GET', token(file('inline'), lastsMs));
      const signed = Number(new URL(String(headers.location)).searchParams.get('X-Amz-Expires'));
      expect(Math.abs(signed - seconds)).toBeLessThanOrEqual(60);
    }
  });

  it('is refused alike when it is past its time, forged, cut off, or of another kind', async () => {
    const good = token(file('attachment'));
    const answers = await Promise.all(
      [
        token(file('attachment'), -2_000),
        `${good}x`,
        good.slice(0, -1),
        good.slice(1),
        'x',
        linkToken(recorded.job.recordingId, Date.now() + 600_000, KEY),
      ].map(async (bad) => {
        const { status, body } = await answerOf('files', 'GET', bad);
        const { error } = JSON.parse(body.toString()) as { error: { code: string; message: string } };
        return { status, ...error };
      }),
    );
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 403, code: 'link_refused' });
    const played = await answerOf('play', 'GET', good, { file: 'vod.m3u8' });
    expect(played.status).toBe(403);
  });
});
