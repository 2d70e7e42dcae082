import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptKey, controlKey, partKey } from '../../functions/core/state/keys.ts';
import { controlSchema } from '../../functions/core/state/objects.ts';
import { recordingIds, TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api?.close());

const get = (id: unknown, path = '') => api.call('GET', `/recordings/${id}${path}`);
interface Link {
  readonly url: string;
  readonly headUrl: string;
}
interface ShownPart {
  readonly download: Link;
  readonly play: Link;
}

describe('a recording', () => {
  const key = 'stream_records/stream-r1 ä.mp4';
  let recordingId: string;
  beforeAll(async () => {
    recordingId = await api.seedRecording('r1');
  });

  it('rotates on command while it goes on', async () => {
    for (const sequence of [1, 2]) {
      const answer = await api.call('POST', `/recordings/${recordingId}/rotate`);
      expect(answer).toMatchObject({ status: 202, body: { recordingId, sequence } });
    }
    const many = await Promise.all(
      Array.from({ length: 4 }, () => api.call('POST', `/recordings/${recordingId}/rotate`)),
    );
    expect(many.map(({ body }) => body.sequence).sort()).toEqual([3, 4, 5, 6]);
    const control = await api.store.read(controlKey(recordingId), controlSchema);
    expect(control?.value.commands.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('cannot be deleted while it goes on', async () => {
    expect(await api.call('DELETE', `/recordings/${recordingId}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'recording_active' } },
    });
  });

  it('stops, once and again, and then does not rotate', async () => {
    // A recorder has it: without one it would have ended at once.
    const claim = { attempt: 1, claimedAtMs: Date.now() };
    await api.store.create(attemptKey(recordingId, 1, 'claim'), claim);
    for (let i = 0; i < 2; i++) {
      expect(await api.call('POST', `/recordings/${recordingId}/stop`)).toMatchObject({
        status: 200,
        body: { recordingId, status: 'stopping' },
      });
    }
    expect(await api.call('POST', `/recordings/${recordingId}/rotate`)).toMatchObject({
      status: 409,
      body: { error: { code: 'recording_ended' } },
    });
  });

  it('has an ETag that changes with it alone', async () => {
    const { headers } = await get(recordingId);
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
    const same = await api.call('GET', `/recordings/${recordingId}`, {
      headers: { 'if-none-match': `"x", ${etag}` },
    });
    expect(same).toMatchObject({ status: 304, body: {} });
    expect(same.headers.get('etag')).toBe(etag);
    const now = Date.now();
    const put = await api.s3.send(
      new PutObjectCommand({ Bucket: 'library', Key: key, Body: Buffer.from('mp4!') }),
    );
    await api.openPart(recordingId, now);
    await api.finish(recordingId, now + 6_000, key, put.ETag ?? '');
    const changed = await api.call('GET', `/recordings/${recordingId}`, {
      headers: { 'if-none-match': etag },
    });
    expect(changed).toMatchObject({ status: 200, body: { status: 'available' } });
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('has links: one saves it under its name, one plays it', async () => {
    const { parts } = (await get(recordingId)).body as { parts: ShownPart[] };
    const [part] = parts;
    const saved = await fetch(part?.download.url ?? '');
    expect(await saved.text()).toBe('mp4!');
    expect(part).toMatchObject({ crc32: 'AAAAAA==', etag: saved.headers.get('etag') });
    const head = await fetch(part?.download.headUrl ?? '', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200 });
    expect(head.headers.get('content-length')).toBe('4');
    expect(saved.headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''stream-r1%20%C3%A4.mp4",
    );
    const played = await fetch(part?.play.url ?? '');
    expect(played.headers.get('content-disposition')).toBe('inline');
    await played.arrayBuffer();
  });

  it('tells its story in the order of time', async () => {
    const { status, body } = await get(recordingId, '/events');
    expect(status).toBe(200);
    const events = body.events as { type: string; at: string; afterMs: number }[];
    expect(events.map(({ type }) => type).filter((type) => type !== 'rotateAsked')).toEqual([
      'requested',
      'launched',
      'stopAsked',
      'firstFrame',
      'partOpened',
      'partFinished',
      'attemptEnded',
      'ended',
      'recordAvailable',
    ]);
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort());
    expect(events[0]).toMatchObject({ afterMs: 0, requestId: expect.any(String) });
    expect(JSON.stringify(body)).not.toContain('secret-key');
  });

  it('is deleted with its records where that is asked, and without them otherwise', async () => {
    await api.publish('r2');
    const kept = await api.seedRecording('r2');
    const put = await api.s3.send(
      new PutObjectCommand({ Bucket: 'library', Key: 'kept.mp4', Body: Buffer.from('kept') }),
    );
    await api.openPart(kept, Date.now());
    await api.finish(kept, Date.now() + 6_000, 'kept.mp4', put.ETag ?? '');
    expect(await api.call('DELETE', `/recordings/${kept}?records=maybe`)).toMatchObject({
      status: 400,
      body: { error: { field: 'records' } },
    });
    expect(await api.call('DELETE', `/recordings/${kept}`)).toMatchObject({
      status: 200,
      body: { recordingId: kept, deletedRecords: 0 },
    });
    const object = await api.s3.send(new GetObjectCommand({ Bucket: 'library', Key: 'kept.mp4' }));
    expect(await object.Body?.transformToString()).toBe('kept');

    const [{ download }] = (await get(recordingId)).body.parts as [{ download: { url: string } }];
    expect((await fetch(download.url)).status).toBe(200);
    expect(await api.call('DELETE', `/recordings/${recordingId}?records=true`)).toMatchObject({
      status: 200,
      body: { recordingId, deletedRecords: 1 },
    });
    expect((await fetch(download.url)).status).toBe(404);
    await expect(api.s3.send(new HeadObjectCommand({ Bucket: 'library', Key: key }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    for (const id of [kept, recordingId]) {
      expect((await get(id)).status).toBe(404);
      expect(await api.store.list(`state/recordings/${id}/`)).toEqual([]);
      expect(recordingIds((await api.call('GET', '/recordings?limit=100')).body)).not.toContain(id);
    }
    // The session can be recorded again.
    expect(await api.startRecording('r2')).not.toBe(kept);
  });

  it('of more parts than an answer has is shown in pages, and deleted with its records', async () => {
    const id = await api.seedRecording('day');
    const count = 105;
    const ordinals = Array.from({ length: count }, (_, index) => index + 1);
    const Body = Buffer.from('part');
    for (let at = 0; at < count; at += 35) {
      await Promise.all(
        ordinals.slice(at, at + 35).map(async (part) => {
          const key = `day/${part}.mp4`;
          const { ETag: etag = '' } = await api.s3.send(
            new PutObjectCommand({ Bucket: 'library', Key: key, Body }),
          );
          await api.store.create(partKey(id, part, 'moved'), {
            ...{ part, bucket: 'library', key, etag, bytes: 4, crc32: 'AAAAAA==', movedAtMs: 1 },
          });
        }),
      );
    }
    await api.end(id, Date.now());
    const shown: unknown[] = [];
    for (let query = ''; ; ) {
      const { body } = await get(id, query);
      expect(body).toMatchObject({ partCount: count });
      const parts = body.parts as { part: number }[];
      expect(parts.length).toBeLessThanOrEqual(100);
      shown.push(...parts.map(({ part }) => part));
      if (body.nextToken === undefined) break;
      query = `?nextToken=${String(body.nextToken)}`;
    }
    expect(shown).toEqual(ordinals);
    expect(await api.call('DELETE', `/recordings/${id}?records=true`)).toMatchObject({
      status: 200,
      body: { deletedRecords: count, remainingParts: 0 },
    });
    expect(await api.store.list(`state/recordings/${id}/`)).toEqual([]);
  });

  it('leaves alone what somebody else put in the place of its record', async () => {
    const id = await api.seedRecording('r3');
    await api.s3.send(
      new PutObjectCommand({ Bucket: 'library', Key: 'other.mp4', Body: Buffer.from('other') }),
    );
    await api.openPart(id, Date.now());
    await api.finish(id, Date.now() + 6_000, 'other.mp4', '"0123456789abcdef0123456789abcdef"');
    expect((await api.call('DELETE', `/recordings/${id}?records=true`)).body).toMatchObject({
      deletedRecords: 0,
    });
    await api.s3.send(new HeadObjectCommand({ Bucket: 'library', Key: 'other.mp4' }));
  });

  it.each(['', '/events'])('that does not exist is not found: GET …%s', async (path) => {
    for (const id of ['none', '01ARZ3NDEKTSV4RRFFQ69G5FAV']) {
      expect(await get(id, path)).toMatchObject({
        status: 404,
        body: { error: { code: 'recording_not_found', field: 'recordingId' } },
      });
    }
    // API Gateway decodes the path before it looks for a route, and there is none of so many pieces.
    const answer = await fetch(`${api.runtime.apiUrl}/recordings/..%2F..%2Fsessions${path}`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: 'route_not_found', field: 'path' } });
  });

  it.each(['stop', 'rotate'])('that does not exist is not found: POST …/%s', async (command) => {
    expect(await api.call('POST', `/recordings/01ARZ3NDEKTSV4RRFFQ69G5FAV/${command}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'recording_not_found' } },
    });
  });
});
