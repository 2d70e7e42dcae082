import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingIds, TestApi } from './support.ts';

/** Real functions, the real protocol of S3 and ECS; tasks that never leave PROVISIONING. */
const secret = 'storm';
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({
    promptEnvironments: 2,
    streamHooks: JSON.stringify({
      secretsSha256: [createHash('sha256').update(secret).digest('hex')],
      sources: { '*': 'rtmp://media.example/{app}/{streamName}' },
    }),
  });
});
afterAll(() => api?.close());

interface Listed {
  readonly recordingId: string;
  readonly status: string;
  readonly stopRequestedAt?: string;
}
const recordingsOf = async (id: string) =>
  (await api.call('GET', `/recordings?limit=100&mediaSessionId=${encodeURIComponent(id)}`)).body
    .recordings as Listed[];
const wcs = (method: string, mediaSessionId: string, config?: unknown) =>
  api.call('POST', `/rest-api/stream/${method}`, {
    body: { mediaSessionId, ...(config === undefined ? {} : { config }) },
  });
const going = (all: readonly Listed[]) =>
  all.filter(({ status, stopRequestedAt }) => stopRequestedAt === undefined && status !== 'failed');

describe('interleavings', () => {
  it('of 32 starts for one session make one recording', async () => {
    await api.publish('race');
    const answers = await Promise.all(
      Array.from({ length: 32 }, () =>
        api.call('POST', '/rest-api/stream/startRecording', { body: { mediaSessionId: 'race' } }),
      ),
    );
    expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
    expect(new Set(answers.map(({ body }) => body.recordingId)).size).toBe(1);
    expect(answers.filter(({ body }) => body.alreadyStarted === false).length).toBeLessThanOrEqual(1);
    const listed = await api.call('GET', '/recordings?mediaSessionId=race');
    expect(recordingIds(listed.body)).toEqual([answers[0]?.body.recordingId]);
    const tasks = api.runtime.runningRecordings().filter((id) => id === answers[0]?.body.recordingId);
    expect(tasks).toHaveLength(1);
  }, 180_000);

  it('of starts and stops leave one recording or none, and every answer is one of the document', async () => {
    await api.publish('mixed');
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) => wcs(i % 3 === 2 ? 'stopRecording' : 'startRecording', 'mixed')),
    );
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    expect(going(await recordingsOf('mixed')).length).toBeLessThanOrEqual(1);
    await wcs('stopRecording', 'mixed').catch(() => undefined);
    expect(going(await recordingsOf('mixed'))).toEqual([]);
  }, 180_000);

  it('of restarts leave a chain of which one stop ends all', async () => {
    await api.publish('chain');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => wcs('startRecording', 'chain', { rotation: 10 + (i % 4) })),
    );
    expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
    expect(going(await recordingsOf('chain')).length).toBeGreaterThan(0);
    expect((await wcs('stopRecording', 'chain')).status).toBe(200);
    expect(going(await recordingsOf('chain'))).toEqual([]);
  }, 180_000);

  it('start, stop, start: another recording each time', async () => {
    await api.publish('again');
    const ids: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push((await wcs('startRecording', 'again')).body.recordingId);
      await wcs('stopRecording', 'again');
    }
    expect(new Set(ids).size).toBe(3);
    expect(going(await recordingsOf('again'))).toEqual([]);
  });
});

describe('a storm of hooks', () => {
  const hook = (call: string, stream: string, client: number) =>
    api.call('POST', `/hooks/${secret}/nginx-rtmp`, {
      text: `call=${call}&app=live&name=${stream}&addr=10.0.0.1&clientid=${client}&record=true`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

  it('about one publication makes one recording', async () => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) => hook(i % 2 === 0 ? 'publish' : 'update_publish', 'storm', 1)),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await recordingsOf('live/storm')).toHaveLength(1);
  }, 180_000);

  it('about its end, with late ones of its beginning, leaves nothing going', async () => {
    await hook('publish', 'ended', 1);
    const answers = await Promise.all([
      hook('publish_done', 'ended', 1),
      ...Array.from({ length: 20 }, (_, i) =>
        hook(i % 4 === 0 ? 'publish_done' : 'update_publish', 'ended', 1),
      ),
    ]);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect((await api.call('GET', '/streams/live%2Fended')).body.status).toBe('UNPUBLISHED');
    expect(going(await recordingsOf('live/ended'))).toEqual([]);
  }, 180_000);
});
