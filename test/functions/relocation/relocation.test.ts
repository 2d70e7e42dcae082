import { createHash } from 'node:crypto';
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collisionKey, libraryKey } from '../../../functions/core/names/index.ts';
import { partNameValues } from '../../../functions/core/names/recordNames.ts';
import { decodeMetadata } from '../../../functions/core/relocation/metadata.ts';
import type { MovedPart } from '../../../functions/core/state/partObjects.ts';
import { readSummary } from '../../../functions/recordings/read.ts';
import { Library, type LibraryOptions } from '../../../functions/relocation/library.ts';
import { SHA256_MAX_BYTES, sha256Of } from '../../../functions/relocation/sha256.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from './bench.ts';
import { type Landed, placeOf } from './landed.ts';

let bench: MoveBench;

beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

/** Exactly one object, the landed bytes, under this key; source gone, state right, events with one id. */
async function expectMoved(landed: Landed, key: string): Promise<void> {
  expect(await bench.read(key)).toEqual(landed.body);
  expect(await bench.keys('landing', landed.key)).toEqual([]);
  expect(await bench.moved(landed)).toMatchObject({ bucket: 'library', key, bytes: landed.body.length });
  const details = bench.available(landed);
  expect(details.length).toBeGreaterThan(0);
  expect(new Set(details.map(({ id }) => id)).size).toBe(1);
  for (const detail of details) expect(detail).toMatchObject({ bucket: 'library', key });
}

describe('a record', () => {
  it('is moved with all that is known of it', async () => {
    const landed = await bench.land(patternBytes(100_000), {
      streamName: 'Зал "1"/ä',
      settings: { tags: { tenant: 'a b' } },
    });
    await bench.move(landed.key);
    const key = 'stream_records/Зал%20%221%22%2Fä.mp4';
    await expectMoved(landed, key);
    const head = await bench.head(key);
    expect(head).toMatchObject({
      ContentType: 'video/mp4',
      ContentLength: 100_000,
      ChecksumCRC32: landed.final.crc32,
      ContentDisposition: `inline; filename="___ _1__a_.mp4"; filename*=UTF-8''%D0%97%D0%B0%D0%BB%20%221%22_%C3%A4.mp4`,
    });
    expect(decodeMetadata(head.Metadata ?? {})).toMatchObject({
      'stream-name': 'Зал "1"/ä',
      'recording-id': landed.job.recordingId,
      complete: 'true',
      'name-trimmed': 'false',
    });
    const tags = await bench.s3.send(new GetObjectTaggingCommand({ Bucket: 'library', Key: key }));
    expect(tags.TagSet).toEqual([{ Key: 'tenant', Value: 'a b' }]);
    expect(bench.available(landed)).toEqual([
      expect.objectContaining({
        streamName: 'Зал "1"/ä',
        durationMs: 4000,
        startTime: '2026-07-01T12:00:01.000Z',
        endTime: '2026-07-01T12:00:05.000Z',
        codecs: ['h264', 'aac'],
        complete: true,
        incomplete: [],
        nameTrimmed: false,
      }),
    ]);
    expect(JSON.stringify(bench.events)).not.toContain('secret');
  });

  it('has its SHA-256 where that is asked for, and is not kept waiting for want of it', async () => {
    const settings = { sha256: true };
    const landed = await bench.land(patternBytes(100_000), { streamName: 'hashed', settings });
    await bench.move(landed.key);
    const sha256 = createHash('sha256').update(landed.body).digest('hex');
    expect(await bench.moved(landed)).toMatchObject({ sha256 });
    expect(bench.available(landed)).toEqual([expect.objectContaining({ sha256 })]);
    const late = await bench.land(patternBytes(1000), { streamName: 'late', settings });
    await bench.move(late.key, () => false);
    await expectMoved(late, 'stream_records/late.mp4');
    expect(await bench.moved(late)).not.toHaveProperty('sha256');
    const moved = { ...(await bench.moved(landed)), bytes: SHA256_MAX_BYTES + 1 } as MovedPart;
    expect(await sha256Of(bench.s3, moved, () => true)).toBeUndefined();
  });

  it('says that its name was trimmed, and what the whole one was', async () => {
    const streamName = 'x'.repeat(300);
    const landed = await bench.land(patternBytes(1000), { streamName });
    await bench.move(landed.key);
    const { key } = (await bench.moved(landed)) ?? { key: '' };
    // The parts that may follow have a number, however long, and another extension.
    expect(Buffer.byteLength(key.split('/').at(-1) ?? '')).toBe(
      255 - '_d1000000.webm'.length + '.mp4'.length,
    );
    await expectMoved(landed, key);
    const wholeName = `stream_records/${streamName}.mp4`;
    expect(bench.available(landed)[0]).toMatchObject({ nameTrimmed: true, wholeName });
    expect(decodeMetadata((await bench.head(key)).Metadata ?? {})).toMatchObject({
      'name-trimmed': 'true',
      'whole-name': wholeName,
    });
  });

  it('of 0 bytes is moved too, and is said to be incomplete', async () => {
    const landed = await bench.land(Buffer.alloc(0), {
      streamName: 'empty',
      final: { durationMs: 0, videoFrames: 0 },
    });
    await bench.move(landed.key);
    await expectMoved(landed, 'stream_records/empty.mp4');
    const [detail] = bench.available(landed);
    expect(detail?.complete).toBe(false);
    expect(detail?.incomplete.map(({ code }) => code)).toEqual(['no_frames', 'no_duration']);
  });

  it.each([
    ['shorter_than_wall_clock', { endTimeMillis: Date.UTC(2026, 6, 1, 13) }],
    ['size_too_small', { durationMs: 100_000_000 }],
    ['no_tracks', { tracks: [] }],
    ['source_away', { gaps: [{ atMs: 1000, durationMs: 20_000 }] }],
  ])('says why it is not complete: %s', async (code, final) => {
    const landed = await bench.land(patternBytes(10_000), { streamName: code, final });
    await bench.move(landed.key);
    expect(bench.available(landed)[0]).toMatchObject({ complete: false, incomplete: [{ code }] });
    const { key } = (await bench.moved(landed)) ?? { key: '' };
    expect((await bench.head(key)).Metadata?.complete).toBe('false');
    const summary = await readSummary(bench.store, landed.job.recordingId);
    expect(summary).toMatchObject({ incompleteParts: 1, recoveredParts: 0 });
  });
});

describe('the library', () => {
  it('is never overwritten: a taken name gets another one, the same each time', async () => {
    await bench.put('library', 'stream_records/taken.mp4', Buffer.from('of somebody else'));
    const landed = await bench.land(patternBytes(5000), { streamName: 'taken' });
    await bench.move(landed.key);
    const rules = landed.job.settings.names;
    await expectMoved(landed, collisionKey('stream_records/taken.mp4', placeOf(landed), rules));
    expect(await bench.read('stream_records/taken.mp4')).toEqual(Buffer.from('of somebody else'));
  });

  it('keeps both records of one name', async () => {
    const first = await bench.land(patternBytes(5000, 1), { streamName: 'both' });
    const second = await bench.land(patternBytes(5000, 2), { streamName: 'both' });
    await Promise.all([bench.move(first.key), bench.move(second.key)]);
    const keys = await Promise.all([first, second].map(async (one) => (await bench.moved(one))?.key ?? ''));
    expect(new Set(keys).size).toBe(2);
    await expectMoved(first, keys[0] ?? '');
    await expectMoved(second, keys[1] ?? '');
  });

  it('refuses to give up the source while both names are taken', async () => {
    const landed = await bench.land(patternBytes(5000), { streamName: 'full' });
    const key = 'stream_records/full.mp4';
    await bench.put('library', key, Buffer.from('1'));
    await bench.put(
      'library',
      collisionKey(key, placeOf(landed), landed.job.settings.names),
      Buffer.from('2'),
    );
    await expect(bench.move(landed.key)).rejects.toThrow(/both names in the library are taken/);
    expect(await bench.keys('landing', landed.key)).toEqual([landed.key]);
    expect(bench.available(landed)).toEqual([]);
  });

  it('refuses a copy that differs from the record', async () => {
    const landed = await bench.land(patternBytes(5000), { streamName: 'differs' });
    await bench.put('library', 'stream_records/differs.mp4', Buffer.from('not it'), {
      'recording-id': landed.job.recordingId,
      part: '1',
    });
    await expect(bench.move(landed.key)).rejects.toThrow(/differs from the record/);
    expect(await bench.keys('landing', landed.key)).toEqual([landed.key]);
  });
});

describe('events', () => {
  it('twice, and two at once, move a record once', async () => {
    const landed = await bench.land(patternBytes(5000), { streamName: 'twice' });
    await Promise.all([bench.move(landed.key), bench.move(landed.key)]);
    await bench.move(landed.key);
    await expectMoved(landed, 'stream_records/twice.mp4');
    expect(await bench.keys('library', 'stream_records/twice')).toEqual(['stream_records/twice.mp4']);
  });

  it.each([
    ['records/notes.txt'],
    ['records/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/stranger.mp4'],
    ['records/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/ä + b?.mp4'],
    ['elsewhere/file.mp4'],
  ])('of an object that no recorder wrote leave it alone: %s', async (key) => {
    await bench.put('landing', key, Buffer.from('mine'), { part: '1' });
    await bench.move(key);
    expect(await bench.keys('landing', key)).toEqual([key]);
  });

  it('of an object that is gone do nothing', async () => {
    bench.calls.length = 0;
    await bench.move('records/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/gone.mp4');
    expect(bench.calls).toEqual(['HeadObject']);
  });

  it('of an object that is not what final.json says fail, and change nothing', async () => {
    const landed = await bench.land(patternBytes(5000), { streamName: 'other' });
    await bench.put('landing', landed.key, Buffer.from('changed'), { part: '1' });
    await expect(bench.move(landed.key)).rejects.toThrow(/is not what final.json says/);
    expect(await bench.keys('library', 'stream_records/other')).toEqual([]);
  });
});

describe('storage class and KMS key', () => {
  const attributes = async (options: Partial<LibraryOptions>) => {
    const { open, final, job, key } = await bench.land(patternBytes(10));
    const record = { key, etag: '', job, open, final, bytes: 10, crc32: final.crc32, needsIndex: false };
    const named = libraryKey(partNameValues(job, open, final), job.settings.names, open.fileName, 'mp4');
    const library = new Library(bench.s3, { bucket: 'library', ...options });
    return library.attributes(record, { named, complete: true, durationMs: 4000 });
  };

  it('are as configured', async () => {
    const kmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/1';
    expect(await attributes({ storageClass: 'STANDARD_IA', kmsKeyArn })).toMatchObject({
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: kmsKeyArn,
      BucketKeyEnabled: true,
    });
  });

  it("are the bucket's own by default", async () => {
    const given = await attributes({});
    for (const name of ['StorageClass', 'ServerSideEncryption', 'SSEKMSKeyId'])
      expect(given).not.toHaveProperty(name);
  });
});
