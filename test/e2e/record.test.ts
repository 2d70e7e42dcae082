import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LANDING } from '../../infra/local/place.ts';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { type Child, waitFor } from '../support/children.ts';
import { decodeErrors, probe, publishCounter, readCounters } from '../support/counterStream.ts';
import { refuseDenials } from '../support/denials.ts';
import { closersForTests } from '../support/forTests.ts';
import { journaledOf } from '../support/journal.ts';
import { NginxRtmp } from '../support/nginxRtmp.ts';
import { RUNTIME_FOR_TESTS } from '../support/testRuntime.ts';
import { describeWith } from '../support/tools.ts';

const FRAMES = 75;

interface RecordingAnswer {
  readonly recordingId: string;
  readonly status: string;
  readonly reason?: { readonly code: string; readonly message: string };
  readonly parts: readonly {
    readonly durationMs: number;
    readonly library?: { readonly bucket: string; readonly key: string };
    readonly download?: { readonly url: string };
  }[];
}

describeWith(['ffmpeg', 'nginxRtmp'], 'a live stream, recorded end to end', () => {
  let folder: string;
  let runtime: Runtime;
  let nginx: NginxRtmp;
  const closers = closersForTests();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'e2e-'));
    [runtime, nginx] = await Promise.all([
      startRuntime({
        ...RUNTIME_FOR_TESTS,
        dataDir: path.join(folder, 'data'),
        ports: { api: 0, s3: 0 },
        ingest: false,
        recordingDefaults: '{"reconnectWindowMs":2000,"pictures":false}',
      }),
      NginxRtmp.start(),
    ]);
  });

  afterAll(async () => {
    await runtime?.close();
    await nginx?.stop();
    await rm(folder, { recursive: true, force: true });
    refuseDenials(runtime);
  });

  async function call(
    method: string,
    route: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${runtime.apiUrl}${route}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  async function publish(stream: string, options?: Parameters<typeof publishCounter>[1]): Promise<Child> {
    const publisher = publishCounter(`${nginx.url}/${stream}`, options);
    closers.push(() => publisher.stop());
    const announced = await call('PUT', `/streams/${stream}`, {
      name: `camera ${stream}`,
      sourceUrl: `${nginx.url}/${stream}`,
    });
    expect(announced.status).toBe(200);
    return publisher;
  }

  async function recording(recordingId: string): Promise<RecordingAnswer> {
    const answer = await call('GET', `/recordings/${recordingId}`);
    expect(answer.status).toBe(200);
    return answer.body as RecordingAnswer;
  }

  const reaches = (recordingId: string, status: string): Promise<RecordingAnswer> =>
    waitFor(`recording ${recordingId} to be ${status}`, async () => {
      const found = await recording(recordingId);
      if (found.status === status) return found;
      if (found.status === 'failed') throw new Error(`recording failed: ${JSON.stringify(found.reason)}`);
      return undefined;
    });

  async function start(mediaSessionId: string): Promise<string> {
    const answer = await call('POST', '/rest-api/stream/startRecording', { mediaSessionId });
    expect(answer).toMatchObject({ status: 200, body: { mediaSessionId, status: 'starting' } });
    return (answer.body as RecordingAnswer).recordingId;
  }

  function s3(): S3Client {
    return new S3Client({
      endpoint: runtime.s3Url,
      region: 'us-east-1',
      credentials: runtime.credentials,
      forcePathStyle: true,
    });
  }

  /** The record as a file, fetched by the link that the API gave. */
  async function download(found: RecordingAnswer, part = 0): Promise<string> {
    const link = found.parts[part]?.download?.url ?? '';
    const answer = await fetch(link);
    expect(answer.status).toBe(200);
    const file = path.join(folder, `${found.recordingId}-${part}.mp4`);
    await writeFile(file, Buffer.from(await answer.arrayBuffer()));
    return file;
  }

  it('is in the library: H.264 and AAC, whole, no frame missing', async () => {
    await publish('m1');
    const recordingId = await start('m1');
    expect(await call('POST', '/rest-api/stream/startRecording', { mediaSessionId: 'm1' })).toMatchObject({
      status: 200,
      body: { recordingId, alreadyStarted: true },
    });
    await reaches(recordingId, 'recording');
    const framesOf = async () => (await journaledOf(s3(), LANDING, recordingId)).at(-1)?.videoFrames ?? 0;
    await waitFor('frames', async () => (await framesOf()) >= FRAMES || undefined, { everyMs: 250 });
    const stop = { mediaSessionId: 'm1' };
    expect(await call('POST', '/rest-api/stream/stopRecording', stop)).toMatchObject({
      status: 200,
      body: { recordingId, status: 'stopping' },
    });
    expect(await call('POST', '/rest-api/stream/stopRecording', stop)).toMatchObject({
      body: { recordingId },
    });

    const found = await reaches(recordingId, 'available');
    expect(found.reason?.code).toBe('stopped');
    expect(found.parts).toHaveLength(1);
    const { bucket, key } = found.parts[0]?.library ?? { bucket: '', key: '' };
    expect(key).toMatch(/^stream_records\/stream-m1\.mp4$/);
    const head = await s3().send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    expect(head.ContentType).toBe('video/mp4');

    const file = await download(found);
    const { streams, format } = await probe(file);
    expect(streams.map((stream) => stream.codec_name).sort()).toEqual(['aac', 'h264']);
    expect(streams.find((stream) => stream.codec_type === 'audio')?.sample_rate).toBe('44100');
    expect(Math.abs(Number(format.duration) * 1000 - (found.parts[0]?.durationMs ?? 0))).toBeLessThan(1_000);
    expect(await decodeErrors(file)).toBe('');
    const counters = await readCounters(file);
    expect(counters.length).toBeGreaterThanOrEqual(FRAMES);
    const first = counters[0] ?? 0;
    expect(counters).toEqual(counters.map((_, i) => first + i));

    const landing = await s3().send(new ListObjectsV2Command({ Bucket: 'landing', Prefix: 'records/' }));
    expect(landing.Contents ?? []).toEqual([]);
  }, 180_000);

  it('ends by itself when the source ends, and may be recorded again under another name', async () => {
    const publisher = await publish('m2');
    const first = await start('m2');
    await reaches(first, 'recording');
    await publisher.stop('SIGINT');
    const ended = await reaches(first, 'available');
    expect(ended.reason?.code).toBe('source_ended');

    await publish('m2');
    const second = await start('m2');
    expect(second).not.toBe(first);
    await reaches(second, 'recording');
    await call('POST', '/rest-api/stream/stopRecording', { mediaSessionId: 'm2' });
    const again = await reaches(second, 'available');
    expect(again.parts[0]?.library?.key).not.toBe(ended.parts[0]?.library?.key);
    for (const found of [ended, again]) expect(await decodeErrors(await download(found))).toBe('');
  }, 180_000);

  it.each([
    ['audio only', { video: false }, ['aac']],
    ['video only', { audio: false }, ['h264']],
  ] as const)(
    'records %s',
    async (name, options, codecs) => {
      const session = name.replace(' ', '-');
      await publish(session, options);
      const recordingId = await start(session);
      await reaches(recordingId, 'recording');
      await call('POST', '/rest-api/stream/stopRecording', { mediaSessionId: session });
      const file = await download(await reaches(recordingId, 'available'));
      expect((await probe(file)).streams.map((stream) => stream.codec_name)).toEqual(codecs);
      expect(await decodeErrors(file)).toBe('');
    },
    180_000,
  );

  it.each([
    ['nobody listens', 'rtmp://127.0.0.1:9/live/secret-key', 'source_refused'],
    ['nothing is published', undefined, 'source_not_found'],
  ])(
    'says why when %s',
    async (_name, url, code) => {
      const session = `dead-${code}`;
      await call('PUT', `/streams/${session}`, {
        name: 'dead',
        sourceUrl: url ?? `${nginx.url}/nothing-here`,
      });
      const recordingId = await start(session);
      const failed = await waitFor(
        'the recording to fail',
        async () => {
          const found = await recording(recordingId);
          return found.status === 'failed' ? found : undefined;
        },
        { timeoutMs: 90_000 },
      );
      expect(failed.reason?.code).toBe(code);
      expect(failed.reason?.message).toMatch(/^[A-Z].*\.$/);
      expect(JSON.stringify(failed)).not.toMatch(/secret-key|nothing-here/);
    },
    180_000,
  );

  it.each([
    [
      'POST',
      '/rest-api/stream/startRecording',
      '{"mediaSessionId":"unknown"}',
      404,
      'session_not_found',
      'mediaSessionId',
    ],
    [
      'POST',
      '/rest-api/stream/stopRecording',
      '{"mediaSessionId":"unknown"}',
      404,
      'recording_not_found',
      'mediaSessionId',
    ],
    [
      'POST',
      '/rest-api/stream/startRecording',
      '{"mediaSessionId":7}',
      400,
      'invalid_request',
      'mediaSessionId',
    ],
    ['POST', '/rest-api/stream/startRecording', '{"media', 400, 'malformed_json', 'body'],
    ['POST', '/rest-api/stream/startRecording', '', 400, 'malformed_json', 'body'],
    [
      'POST',
      '/rest-api/stream/startRecording',
      `{"mediaSessionId":"${'x'.repeat(70_000)}"}`,
      413,
      'body_too_large',
      'body',
    ],
    [
      'PUT',
      '/streams/s1',
      '{"name":"s1","sourceUrl":"file:///etc/passwd"}',
      400,
      'invalid_request',
      'sourceUrl',
    ],
    ['GET', '/recordings/none', undefined, 404, 'recording_not_found', 'recordingId'],
    ['GET', '/nowhere', undefined, 404, 'route_not_found', 'path'],
    ['GET', '/rest-api/stream/startRecording', undefined, 405, 'method_not_allowed', 'method'],
  ])('%s %s %#', async (method, route, body, status, code, field) => {
    const answer = await fetch(`${runtime.apiUrl}${route}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await answer.json()).toEqual({
      error: {
        code,
        field,
        message: expect.stringMatching(/\w+ \w+/),
        requestId: expect.stringMatching(/./),
      },
    });
  });
});
