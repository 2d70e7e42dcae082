import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { rawRequest } from './rawRequest.ts';
import {
  contractEndpoint,
  getBytes,
  getText,
  MIB,
  md5Hex,
  patternBytes,
  present,
  put,
  refusal,
} from './support.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;
const get = (Key: string, input = {}) =>
  endpoint.client.send(new GetObjectCommand({ Bucket, Key, ...input }));
const head = (Key: string, input = {}) =>
  endpoint.client.send(new HeadObjectCommand({ Bucket, Key, ...input }));

describe('PutObject and GetObject', () => {
  it('give back the same bytes', async () => {
    const key = endpoint.key();
    const bytes = patternBytes(3 * MIB + 17);
    await put(endpoint, key, bytes);
    expect((await getBytes(endpoint, key)).equals(bytes)).toBe(true);
  });

  it('take an empty object', async () => {
    const key = endpoint.key();
    await put(endpoint, key, '');
    expect(await getText(endpoint, key)).toBe('');
    expect((await head(key)).ContentLength).toBe(0);
  });

  it('answer with the MD5 of the bytes as ETag, in quotes', async () => {
    const key = endpoint.key();
    expect(await put(endpoint, key, 'some text')).toBe(`"${md5Hex('some text')}"`);
    expect((await get(key)).ETag).toBe(`"${md5Hex('some text')}"`);
  });

  it('replace an object whole, with its metadata', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'a long first body', { Metadata: { first: '1' }, ContentType: 'text/plain' });
    await put(endpoint, key, 'second', { Metadata: { second: '2' } });
    const answer = await get(key);
    expect(await present(answer.Body).transformToString()).toBe('second');
    expect(answer.Metadata).toEqual({ second: '2' });
    expect(answer.ContentType).not.toBe('text/plain');
  });

  it('show an object at once to every read after its answer', async () => {
    const key = endpoint.key();
    for (let round = 0; round < 20; round += 1) {
      await put(endpoint, key, `round ${round}`);
      expect(await getText(endpoint, key)).toBe(`round ${round}`);
    }
  });

  it('answer 404 NoSuchKey for a key that is not there', async () => {
    expect(await refusal(get(endpoint.key('missing')))).toEqual({ status: 404, code: 'NoSuchKey' });
  });

  it('answer 404 NoSuchBucket for a bucket that is not there', async () => {
    const attempt = endpoint.client.send(
      new PutObjectCommand({ Bucket: 'no-such-bucket-1f2e3d4c5b', Key: 'x', Body: 'x' }),
    );
    expect(await refusal(attempt)).toMatchObject({ status: 404, code: 'NoSuchBucket' });
  });

  it('tell the last modification, in whole seconds', async () => {
    const key = endpoint.key();
    const before = Date.now();
    await put(endpoint, key);
    const time = present((await head(key)).LastModified).getTime();
    expect(time % 1000).toBe(0);
    expect(Math.abs(time - before)).toBeLessThan(60_000);
  });
});

describe('attributes', () => {
  it('user metadata comes back under lower-case names', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'x', {
      Metadata: { 'Recording-Id': '01ABC', plain: 'a value, with; signs = "quoted"' },
    });
    expect((await head(key)).Metadata).toEqual({
      'recording-id': '01ABC',
      plain: 'a value, with; signs = "quoted"',
    });
  });

  it('user metadata over 2 KB is refused', async () => {
    const attempt = put(endpoint, endpoint.key(), 'x', { Metadata: { big: 'x'.repeat(2046) } });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'MetadataTooLarge' });
  });

  it('user metadata of exactly 2 KB is taken, names counted', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'x', { Metadata: { big: 'x'.repeat(2045) } });
    expect((await head(key)).Metadata?.big).toHaveLength(2045);
  });

  it('user metadata that is not ASCII comes back as RFC 2047 has it', async () => {
    const key = endpoint.key();
    const answer = await rawRequest(endpoint, {
      method: 'PUT',
      path: `/${Bucket}/${key}`,
      headers: { 'x-amz-meta-name': 'Käse 日本' },
      body: 'x',
      // UTF-8 on the wire, which Node wants spelled as Latin-1.
      tamper: (headers) => {
        headers['x-amz-meta-name'] = Buffer.from('Käse 日本').toString('latin1');
      },
    });
    expect(answer.status).toBe(200);
    const value = (await head(key)).Metadata?.name ?? '';
    const [, kind, text = ''] = /^=\?UTF-8\?([BQ])\?(.*)\?=$/i.exec(value) ?? [];
    const decoded =
      kind?.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString()
        : decodeURIComponent(text.replaceAll('_', ' ').replace(/=([0-9A-F]{2})/gi, '%$1'));
    expect(decoded).toBe('Käse 日本');
  });

  it('content type, encoding, disposition, language, cache control and expiry come back', async () => {
    const key = endpoint.key();
    const stored = {
      ContentType: 'video/mp4',
      ContentEncoding: 'gzip',
      ContentDisposition: 'attachment; filename="a b.mp4"',
      ContentLanguage: 'de',
      CacheControl: 'max-age=60',
    };
    await put(endpoint, key, 'x', { ...stored, Expires: new Date('2031-01-02T03:04:05Z') });
    const answer = await head(key);
    expect(answer).toMatchObject(stored);
    expect(answer.ExpiresString).toBe('Thu, 02 Jan 2031 03:04:05 GMT');
  });

  it('response-* parameters override them for one answer', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'x', { ContentType: 'video/mp4' });
    const answer = await get(key, {
      ResponseContentType: 'text/plain',
      ResponseContentDisposition: 'attachment; filename="käse.txt"'.replace('ä', 'ae'),
      ResponseCacheControl: 'no-store',
      ResponseContentLanguage: 'en',
    });
    expect(answer).toMatchObject({
      ContentType: 'text/plain',
      ContentDisposition: 'attachment; filename="kaese.txt"',
      CacheControl: 'no-store',
      ContentLanguage: 'en',
    });
    expect((await head(key)).ContentType).toBe('video/mp4');
  });
});

describe('ranges', () => {
  const body = patternBytes(1000);
  const ranged = async (Range: string) => {
    const key = endpoint.key();
    await put(endpoint, key, body);
    const answer = await get(key, { Range });
    return { answer, bytes: Buffer.from(await present(answer.Body).transformToByteArray()) };
  };

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=990-', 990, 1000],
    ['bytes=-10', 990, 1000],
    ['bytes=-5000', 0, 1000],
    ['bytes=900-5000', 900, 1000],
    ['bytes=0-999', 0, 1000],
  ])('%s is answered with 206 and its bytes', async (range, start, end) => {
    const { answer, bytes } = await ranged(range);
    expect(answer.$metadata.httpStatusCode).toBe(206);
    expect(answer.ContentRange).toBe(`bytes ${start}-${end - 1}/1000`);
    expect(answer.ContentLength).toBe(end - start);
    expect(bytes.equals(body.subarray(start, end))).toBe(true);
  });

  it.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])(
    '%s is answered with 416 InvalidRange',
    async (range) => {
      expect(await refusal(ranged(range))).toEqual({ status: 416, code: 'InvalidRange' });
    },
  );

  it.each(['bytes=20-10', 'bytes=a-b', 'lines=1-2'])('%s is no range: the whole object', async (range) => {
    const { answer, bytes } = await ranged(range);
    expect(answer.$metadata.httpStatusCode).toBe(200);
    expect(bytes).toHaveLength(1000);
  });

  it('any range of an empty object is answered with 416', async () => {
    const key = endpoint.key();
    await put(endpoint, key, '');
    expect(await refusal(get(key, { Range: 'bytes=0-' }))).toEqual({ status: 416, code: 'InvalidRange' });
  });

  it('HeadObject takes one too', async () => {
    const key = endpoint.key();
    await put(endpoint, key, body);
    const answer = await head(key, { Range: 'bytes=5-9' });
    expect(answer).toMatchObject({ ContentLength: 5, ContentRange: 'bytes 5-9/1000' });
    expect(answer.$metadata.httpStatusCode).toBe(206);
  });
});

describe('conditional reads', () => {
  const stored = async () => {
    const key = endpoint.key();
    const etag = await put(endpoint, key, 'x');
    return { key, etag, modified: present((await head(key)).LastModified) };
  };
  const later = (date: Date, ms: number) => new Date(date.getTime() + ms);

  it('If-Match: 200 when it matches, 412 when not', async () => {
    const { key, etag } = await stored();
    expect((await get(key, { IfMatch: etag })).$metadata.httpStatusCode).toBe(200);
    expect(await refusal(get(key, { IfMatch: '"other"' }))).toEqual({
      status: 412,
      code: 'PreconditionFailed',
    });
  });

  it('If-None-Match: 304 without a body when it matches, 200 when not', async () => {
    const { key, etag } = await stored();
    expect((await refusal(get(key, { IfNoneMatch: etag }))).status).toBe(304);
    expect((await refusal(head(key, { IfNoneMatch: etag }))).status).toBe(304);
    expect((await get(key, { IfNoneMatch: '"other"' })).$metadata.httpStatusCode).toBe(200);
  });

  it('If-Modified-Since: 304 when it is not newer', async () => {
    const { key, modified } = await stored();
    expect((await refusal(get(key, { IfModifiedSince: modified }))).status).toBe(304);
    expect((await get(key, { IfModifiedSince: later(modified, -60_000) })).$metadata.httpStatusCode).toBe(
      200,
    );
  });

  it('If-Unmodified-Since: 412 when it is newer', async () => {
    const { key, modified } = await stored();
    expect((await refusal(get(key, { IfUnmodifiedSince: later(modified, -60_000) }))).status).toBe(412);
    expect((await get(key, { IfUnmodifiedSince: modified })).$metadata.httpStatusCode).toBe(200);
  });

  it('If-Match that holds goes before If-Unmodified-Since that does not', async () => {
    const { key, etag, modified } = await stored();
    const answer = await get(key, { IfMatch: etag, IfUnmodifiedSince: later(modified, -60_000) });
    expect(answer.$metadata.httpStatusCode).toBe(200);
  });

  it('If-None-Match that fails goes before If-Modified-Since that holds', async () => {
    const { key, etag, modified } = await stored();
    const attempt = get(key, { IfNoneMatch: etag, IfModifiedSince: later(modified, -60_000) });
    expect((await refusal(attempt)).status).toBe(304);
  });

  it('HeadObject of a key that is not there is 404 without a body', async () => {
    expect((await refusal(head(endpoint.key('missing')))).status).toBe(404);
  });
});
