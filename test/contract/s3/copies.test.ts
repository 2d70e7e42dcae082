import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
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
import { completedUpload } from './uploads.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;
const sourceOf = (key: string) => encodeURIComponent(`${Bucket}/${key}`);
const copy = (source: string, Key: string, input: Partial<CopyObjectCommandInput> = {}) =>
  endpoint.client.send(new CopyObjectCommand({ Bucket, Key, CopySource: sourceOf(source), ...input }));
const head = (Key: string) =>
  endpoint.client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
const tagsOf = async (Key: string) =>
  (await endpoint.client.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;

async function source(body: string | Uint8Array = 'source') {
  const key = endpoint.key('source');
  const etag = await put(endpoint, key, body, {
    Metadata: { from: 'source' },
    ContentType: 'video/mp4',
    CacheControl: 'no-cache',
    Tagging: 'from=source',
  });
  return { key, etag };
}

describe('CopyObject', () => {
  it('copies bytes, metadata, headers and tags', async () => {
    const { key, etag } = await source();
    const target = endpoint.key('target');
    const { CopyObjectResult } = await copy(key, target);
    expect(CopyObjectResult?.ETag).toBe(etag);
    expect(CopyObjectResult?.LastModified).toBeInstanceOf(Date);
    expect(await getText(endpoint, target)).toBe('source');
    expect(await head(target)).toMatchObject({
      Metadata: { from: 'source' },
      ContentType: 'video/mp4',
      CacheControl: 'no-cache',
      ETag: etag,
    });
    expect(await tagsOf(target)).toEqual([{ Key: 'from', Value: 'source' }]);
  });

  it('takes an encoded source with or without its slash, and with slashes that are not encoded', async () => {
    const { key } = await source();
    for (const CopySource of [
      `/${Bucket}/${key}`,
      `${Bucket}/${key}`,
      encodeURIComponent(`/${Bucket}/${key}`),
    ]) {
      const target = endpoint.key('target');
      await copy(key, target, { CopySource });
      expect(await getText(endpoint, target)).toBe('source');
    }
  });

  it('a plus in the source is a plus', async () => {
    const plus = endpoint.key('a+b');
    await put(endpoint, plus, 'plus');
    const target = endpoint.key('target');
    await copy(plus, target, { CopySource: `${Bucket}/${plus}` });
    expect(await getText(endpoint, target)).toBe('plus');
  });

  it('is independent of its source afterwards', async () => {
    const { key } = await source('first');
    const target = endpoint.key('target');
    await copy(key, target);
    await put(endpoint, key, 'second');
    expect(await getText(endpoint, target)).toBe('first');
  });

  it('without a directive ignores new metadata', async () => {
    const { key } = await source();
    const target = endpoint.key('target');
    await copy(key, target, { Metadata: { new: '1' }, ContentType: 'text/plain' });
    expect(await head(target)).toMatchObject({ Metadata: { from: 'source' }, ContentType: 'video/mp4' });
  });

  it('with REPLACE takes metadata and headers from the request, tags from the source', async () => {
    const { key } = await source();
    const target = endpoint.key('target');
    await copy(key, target, {
      MetadataDirective: 'REPLACE',
      Metadata: { new: '1' },
      ContentType: 'text/plain',
    });
    const answer = await head(target);
    expect(answer).toMatchObject({ Metadata: { new: '1' }, ContentType: 'text/plain' });
    expect(answer.CacheControl).toBeUndefined();
    expect(await tagsOf(target)).toEqual([{ Key: 'from', Value: 'source' }]);
  });

  it('with TaggingDirective REPLACE takes tags from the request', async () => {
    const { key } = await source();
    const target = endpoint.key('target');
    await copy(key, target, { TaggingDirective: 'REPLACE', Tagging: 'a=1' });
    expect(await tagsOf(target)).toEqual([{ Key: 'a', Value: '1' }]);
    expect((await head(target)).Metadata).toEqual({ from: 'source' });
  });

  it('onto itself is refused unless something changes', async () => {
    const { key, etag } = await source();
    expect(await refusal(copy(key, key))).toEqual({ status: 400, code: 'InvalidRequest' });
    await copy(key, key, { MetadataDirective: 'REPLACE', Metadata: { changed: '1' } });
    expect(await head(key)).toMatchObject({ Metadata: { changed: '1' }, ETag: etag });
    expect(await getText(endpoint, key)).toBe('source');
  });

  it('of a source that is not there: 404', async () => {
    const missing = copy(endpoint.key('missing'), endpoint.key());
    expect(await refusal(missing)).toEqual({ status: 404, code: 'NoSuchKey' });
    const bucket = copy('', endpoint.key(), { CopySource: 'no-such-bucket-1f2e3d4c5b/x' });
    expect(await refusal(bucket)).toEqual({ status: 404, code: 'NoSuchBucket' });
  });

  it('of a source that names no key: 400', async () => {
    const attempt = copy('', endpoint.key(), { CopySource: Bucket });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'InvalidArgument' });
  });

  it('with conditions on the source', async () => {
    const { key, etag } = await source();
    const modified = present((await head(key)).LastModified);
    const before = new Date(modified.getTime() - 60_000);
    const lost = { status: 412, code: 'PreconditionFailed' };
    const target = endpoint.key('target');
    expect(await refusal(copy(key, target, { CopySourceIfMatch: '"other"' }))).toEqual(lost);
    expect(await refusal(copy(key, target, { CopySourceIfNoneMatch: etag }))).toEqual(lost);
    expect(await refusal(copy(key, target, { CopySourceIfUnmodifiedSince: before }))).toEqual(lost);
    expect(await refusal(copy(key, target, { CopySourceIfModifiedSince: modified }))).toEqual(lost);
    await copy(key, target, { CopySourceIfMatch: etag, CopySourceIfUnmodifiedSince: before });
    expect(await getText(endpoint, target)).toBe('source');
  });

  it('keeps the kind of checksum, and computes another when asked', async () => {
    const key = endpoint.key('source');
    await put(endpoint, key, '123456789', { ChecksumAlgorithm: 'CRC32C' });
    const same = endpoint.key('same');
    const { CopyObjectResult } = await copy(key, same);
    expect(CopyObjectResult?.ChecksumCRC32C).toBe('4waSgw==');
    expect(await head(same)).toMatchObject({ ChecksumCRC32C: '4waSgw==', ChecksumType: 'FULL_OBJECT' });
    const other = endpoint.key('other');
    await copy(key, other, { ChecksumAlgorithm: 'SHA256' });
    const answer = await head(other);
    expect(answer.ChecksumSHA256).toBe(createHash('sha256').update('123456789').digest('base64'));
    expect(answer.ChecksumCRC32C).toBeUndefined();
  });

  it('of a multipart object is an object put at once: plain ETag, full checksum', async () => {
    const parts = [patternBytes(5 * MIB, 1), patternBytes(1000, 2)];
    const key = endpoint.key('source');
    await completedUpload(endpoint, key, parts, { ChecksumAlgorithm: 'SHA256' });
    const target = endpoint.key('target');
    await copy(key, target);
    const whole = Buffer.concat(parts);
    expect((await getBytes(endpoint, target)).equals(whole)).toBe(true);
    const answer = await head(target);
    expect(answer.ETag).toBe(`"${md5Hex(whole)}"`);
    expect(answer.ChecksumType).toBe('FULL_OBJECT');
    expect(answer.ChecksumSHA256).not.toContain('-');
  });

  it('a source that is overwritten meanwhile is copied whole, old or new', async () => {
    const bodies = ['a', 'b'].map((letter) => letter.repeat(3 * MIB));
    const key = endpoint.key('source');
    await put(endpoint, key, bodies[0]);
    const target = endpoint.key('target');
    await Promise.all([copy(key, target, { ChecksumAlgorithm: 'SHA1' }), put(endpoint, key, bodies[1])]);
    expect(bodies).toContain(await getText(endpoint, target));
  });

  it('an unknown directive is refused', async () => {
    const { key } = await source();
    const attempt = copy(key, endpoint.key(), { MetadataDirective: 'MERGE' as 'COPY' });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'InvalidArgument' });
  });
});

describe('a copy while its source is deleted', () => {
  it('is whole, or is refused', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { key } = await source('x'.repeat(MIB));
      const target = endpoint.key('target');
      const [copied] = await Promise.all([
        copy(key, target, { ChecksumAlgorithm: 'SHA256' }).then(
          () => true,
          () => false,
        ),
        endpoint.client.send(new DeleteObjectCommand({ Bucket, Key: key })),
      ]);
      const read = endpoint.client.send(new GetObjectCommand({ Bucket, Key: target }));
      if (copied) expect(await (await read).Body?.transformToString()).toHaveLength(MIB);
      else expect(await refusal(read)).toEqual({ status: 404, code: 'NoSuchKey' });
    }
  });
});
