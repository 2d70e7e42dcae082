import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { contractEndpoint, getText, listKeys, present, put, refusal } from './support.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;
const LOST = { status: 412, code: 'PreconditionFailed' };
const GONE = { status: 404, code: 'NoSuchKey' };

/** How many of the attempts were carried out; all others have to be refused with 412, or 409, which asks to try again. */
async function winners(attempts: readonly Promise<unknown>[]): Promise<number[]> {
  const outcomes = await Promise.all(
    attempts.map((attempt) =>
      attempt.then(
        () => ({ status: 200 }),
        () => refusal(attempt),
      ),
    ),
  );
  for (const { status } of outcomes) expect([200, 409, 412]).toContain(status);
  return outcomes.flatMap(({ status }, index) => (status === 200 ? [index] : []));
}

async function uploadOf(Key: string, body: string) {
  const { UploadId } = await endpoint.client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const { ETag } = await endpoint.client.send(
    new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: Buffer.from(body) }),
  );
  return (condition: { IfNoneMatch?: string; IfMatch?: string }) =>
    endpoint.client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        ...condition,
      }),
    );
}

describe('PutObject', () => {
  it('with If-None-Match: * creates, and then never again', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'first', { IfNoneMatch: '*' });
    expect(await refusal(put(endpoint, key, 'second', { IfNoneMatch: '*' }))).toEqual(LOST);
    expect(await getText(endpoint, key)).toBe('first');
  });

  it('with If-None-Match: * creates again what was deleted', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'first', { IfNoneMatch: '*' });
    await endpoint.client.send(new DeleteObjectCommand({ Bucket, Key: key }));
    await put(endpoint, key, 'second', { IfNoneMatch: '*' });
    expect(await getText(endpoint, key)).toBe('second');
  });

  it('with If-Match replaces the object that it names', async () => {
    const key = endpoint.key();
    const etag = await put(endpoint, key, 'first');
    await put(endpoint, key, 'second', { IfMatch: etag });
    expect(await getText(endpoint, key)).toBe('second');
  });

  it('with If-Match leaves another object alone', async () => {
    const key = endpoint.key();
    const etag = await put(endpoint, key, 'first');
    await put(endpoint, key, 'second');
    expect(await refusal(put(endpoint, key, 'third', { IfMatch: etag }))).toEqual(LOST);
    expect(await getText(endpoint, key)).toBe('second');
  });

  it('with If-Match on a key that is not there answers 404', async () => {
    const key = endpoint.key();
    const attempt = put(endpoint, key, 'x', { IfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' });
    expect(await refusal(attempt)).toEqual(GONE);
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('lets one of many creators win', async () => {
    for (let round = 0; round < 5; round += 1) {
      const key = endpoint.key();
      const bodies = Array.from({ length: 12 }, (_, i) => `writer ${i}`.padEnd(1000 * (i + 1), '.'));
      const won = await winners(bodies.map((body) => put(endpoint, key, body, { IfNoneMatch: '*' })));
      expect(won).toHaveLength(1);
      expect(await getText(endpoint, key)).toBe(bodies[won[0] ?? -1]);
    }
  });

  it('lets one of many replacers win', async () => {
    const key = endpoint.key();
    let etag = await put(endpoint, key, 'start');
    for (let round = 0; round < 5; round += 1) {
      const bodies = Array.from({ length: 8 }, (_, i) => `round ${round}, writer ${i}`);
      const won = await winners(bodies.map((body) => put(endpoint, key, body, { IfMatch: etag })));
      expect(won).toHaveLength(1);
      expect(await getText(endpoint, key)).toBe(bodies[won[0] ?? -1]);
      const head = await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
      etag = present(head.ETag);
    }
  });

  it('loses no step of a counter that many raise by If-Match', async () => {
    const key = endpoint.key();
    await put(endpoint, key, '0');
    const raise = async (): Promise<void> => {
      for (;;) {
        const answer = await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
        const count = Number(await getText(endpoint, key));
        try {
          await put(endpoint, key, String(count + 1), { IfMatch: present(answer.ETag) });
          return;
        } catch (error) {
          expect([409, 412]).toContain((await refusal(Promise.reject(error))).status);
        }
      }
    };
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let i = 0; i < 5; i += 1) await raise();
      }),
    );
    expect(await getText(endpoint, key)).toBe('30');
  });
});

describe('CopyObject', () => {
  const copy = async (
    Key: string,
    condition: { IfNoneMatch?: string; IfMatch?: string },
    body = 'source',
  ) => {
    const source = endpoint.key('source');
    await put(endpoint, source, body);
    return endpoint.client.send(
      new CopyObjectCommand({
        Bucket,
        Key,
        CopySource: encodeURIComponent(`${Bucket}/${source}`),
        ...condition,
      }),
    );
  };

  it('with If-None-Match: * overwrites nothing', async () => {
    const key = endpoint.key();
    await copy(key, { IfNoneMatch: '*' }, 'first');
    expect(await refusal(copy(key, { IfNoneMatch: '*' }, 'second'))).toEqual(LOST);
    expect(await getText(endpoint, key)).toBe('first');
  });

  it('with If-Match overwrites only what it names', async () => {
    const key = endpoint.key();
    const etag = await put(endpoint, key, 'old');
    await copy(key, { IfMatch: etag }, 'new');
    expect(await getText(endpoint, key)).toBe('new');
    expect(await refusal(copy(key, { IfMatch: etag }, 'newer'))).toEqual(LOST);
  });

  it('lets one of many copies, puts and completed uploads create a key', async () => {
    for (let round = 0; round < 4; round += 1) {
      const key = endpoint.key();
      const complete = await uploadOf(key, 'upload');
      const won = await winners([
        copy(key, { IfNoneMatch: '*' }, 'copy'),
        put(endpoint, key, 'put', { IfNoneMatch: '*' }),
        complete({ IfNoneMatch: '*' }),
        copy(key, { IfNoneMatch: '*' }, 'copy'),
        put(endpoint, key, 'put', { IfNoneMatch: '*' }),
      ]);
      expect(won).toHaveLength(1);
      const expected = ['copy', 'put', 'upload', 'copy', 'put'][won[0] ?? -1];
      expect(await getText(endpoint, key)).toBe(expected);
    }
  });
});

describe('CompleteMultipartUpload', () => {
  it('with If-None-Match: * refuses a key that is taken, and the upload stays open', async () => {
    const key = endpoint.key();
    const complete = await uploadOf(key, 'upload');
    const etag = await put(endpoint, key, 'taken');
    expect(await refusal(complete({ IfNoneMatch: '*' }))).toEqual(LOST);
    expect(await getText(endpoint, key)).toBe('taken');
    await complete({ IfMatch: etag });
    expect(await getText(endpoint, key)).toBe('upload');
  });

  it('with If-Match refuses another object, and a key that is not there', async () => {
    const key = endpoint.key();
    const complete = await uploadOf(key, 'upload');
    expect(await refusal(complete({ IfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' }))).toEqual(GONE);
    await put(endpoint, key, 'other');
    expect(await refusal(complete({ IfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' }))).toEqual(LOST);
  });
});

describe('DeleteObject', () => {
  const remove = (Key: string, IfMatch: string) =>
    endpoint.client.send(new DeleteObjectCommand({ Bucket, Key, IfMatch }));

  it('with If-Match deletes what it names and nothing else', async () => {
    const key = endpoint.key();
    const etag = await put(endpoint, key, 'first');
    await put(endpoint, key, 'second');
    expect(await refusal(remove(key, etag))).toEqual(LOST);
    expect(await getText(endpoint, key)).toBe('second');
    const second = present((await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }))).ETag);
    await remove(key, second);
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('with If-Match: * deletes whatever is there', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    await remove(key, '*');
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('with any If-Match answers 404 where there is nothing', async () => {
    expect(await refusal(remove(endpoint.key('missing'), '*'))).toEqual(GONE);
    expect(await refusal(remove(endpoint.key('missing'), '"d41d8cd98f00b204e9800998ecf8427e"'))).toEqual(
      GONE,
    );
  });

  it('and PutObject under the same If-Match: one of them wins', async () => {
    for (let round = 0; round < 8; round += 1) {
      const key = endpoint.key();
      const etag = await put(endpoint, key, 'start');
      const [replaced, removed] = await Promise.all(
        [put(endpoint, key, 'new', { IfMatch: etag }), remove(key, etag)].map((attempt) =>
          attempt.then(
            () => true,
            () => false,
          ),
        ),
      );
      expect([replaced, removed].filter(Boolean)).toHaveLength(1);
      expect(await listKeys(endpoint, key)).toEqual(replaced === true ? [key] : []);
    }
  });
});
