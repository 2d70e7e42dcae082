import {
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorCode, rawRequest } from './rawRequest.ts';
import { contractEndpoint, present, put, refusal } from './support.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;

/** In UTF-8 binary order. UTF-16 would have the last two the other way round. */
const NAMES = [
  '!first',
  'A',
  'B/1',
  'B/2',
  'B/sub/1',
  'B/sub/2',
  'B0',
  'a',
  'a b',
  'a+b',
  'b/1',
  'z',
  'é',
  '日本/1',
  '\uff5e',
  '🎥',
];
const base = `${endpoint.prefix}list/`;

beforeAll(async () => {
  for (const name of [...NAMES].reverse()) await put(endpoint, base + name, name);
});

async function list(input: Partial<ListObjectsV2CommandInput> = {}) {
  const answer = await endpoint.client.send(new ListObjectsV2Command({ Bucket, Prefix: base, ...input }));
  return {
    answer,
    keys: (answer.Contents ?? []).map(({ Key }) => present(Key).slice(base.length)),
    prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => present(Prefix).slice(base.length)),
  };
}

describe('ListObjectsV2', () => {
  it('lists in UTF-8 binary order', async () => {
    const { keys, answer } = await list();
    expect(keys).toEqual(NAMES);
    expect(answer).toMatchObject({ IsTruncated: false, KeyCount: NAMES.length, Name: Bucket, Prefix: base });
    expect(answer.NextContinuationToken).toBeUndefined();
  });

  it('tells size, ETag, time and storage class, and the owner only when asked', async () => {
    const { answer } = await list({ MaxKeys: 1 });
    const [first] = present(answer.Contents);
    expect(first).toMatchObject({ Size: 6, StorageClass: 'STANDARD' });
    expect(first?.ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(first?.LastModified).toBeInstanceOf(Date);
    expect(first?.Owner).toBeUndefined();
    const owned = await list({ MaxKeys: 1, FetchOwner: true });
    expect(owned.answer.Contents?.[0]?.Owner?.ID).toBeTypeOf('string');
  });

  it('narrows by prefix, which need not end at a slash', async () => {
    expect((await list({ Prefix: `${base}B` })).keys).toEqual(['B/1', 'B/2', 'B/sub/1', 'B/sub/2', 'B0']);
    expect((await list({ Prefix: `${base}日` })).keys).toEqual(['日本/1']);
    expect((await list({ Prefix: `${base}nothing` })).keys).toEqual([]);
  });

  it('rolls keys up at the delimiter', async () => {
    const { keys, prefixes, answer } = await list({ Delimiter: '/' });
    expect(prefixes).toEqual(['B/', 'b/', '日本/']);
    expect(keys).toEqual(NAMES.filter((name) => !name.includes('/')));
    expect(answer).toMatchObject({ KeyCount: keys.length + prefixes.length, Delimiter: '/' });
  });

  it('rolls up below a prefix, and at a delimiter of several characters', async () => {
    const below = await list({ Prefix: `${base}B/`, Delimiter: '/' });
    expect(below).toMatchObject({ keys: ['B/1', 'B/2'], prefixes: ['B/sub/'] });
    const long = await list({ Prefix: `${base}B/`, Delimiter: 'sub/' });
    expect(long).toMatchObject({ keys: ['B/1', 'B/2'], prefixes: ['B/sub/'] });
  });

  it.each([1, 2, 3, 7, 15])(
    'goes on page by page, %d keys each, without gap or repetition',
    async (MaxKeys) => {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const page = await list({ MaxKeys, ...(token !== undefined && { ContinuationToken: token }) });
        expect(page.keys.length).toBeLessThanOrEqual(MaxKeys);
        expect(page.answer.IsTruncated).toBe(page.answer.NextContinuationToken !== undefined);
        keys.push(...page.keys);
        token = page.answer.NextContinuationToken;
      } while (token !== undefined);
      expect(keys).toEqual(NAMES);
    },
  );

  it.each([1, 2, 5])('pages keys and common prefixes together, %d each', async (MaxKeys) => {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await list({
        MaxKeys,
        Delimiter: '/',
        ...(token !== undefined && { ContinuationToken: token }),
      });
      expect(page.keys.length + page.prefixes.length).toBeLessThanOrEqual(MaxKeys);
      seen.push(...page.keys, ...page.prefixes);
      token = page.answer.NextContinuationToken;
    } while (token !== undefined);
    const expected = [...NAMES.filter((name) => !name.includes('/')), 'B/', 'b/', '日本/'];
    expect([...seen].sort()).toEqual(expected.sort());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('starts after a key, there or not', async () => {
    expect((await list({ StartAfter: `${base}z` })).keys).toEqual(['é', '日本/1', '\uff5e', '🎥']);
    expect((await list({ StartAfter: `${base}y` })).keys[0]).toBe('z');
    expect((await list({ StartAfter: `${base}🎥` })).keys).toEqual([]);
    expect((await list({ StartAfter: ' ' })).keys).toEqual(NAMES);
  });

  it('a list of the exact length of a page is not truncated', async () => {
    const { answer } = await list({ MaxKeys: NAMES.length });
    expect(answer).toMatchObject({ IsTruncated: false, KeyCount: NAMES.length });
  });

  it('max-keys 0 is an empty page', async () => {
    expect((await list({ MaxKeys: 0 })).answer).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  it('never gives more than 1,000 keys', async () => {
    const { answer } = await list({ MaxKeys: 5000 });
    expect(answer.MaxKeys).toBeLessThanOrEqual(1000);
  });

  it('encoding-type=url encodes keys, prefixes and delimiter', async () => {
    const { answer } = await list({ EncodingType: 'url', Prefix: `${base}a`, Delimiter: '+' });
    expect(answer.EncodingType).toBe('url');
    expect(answer.Contents?.map(({ Key }) => Key)).toEqual([`${base}a`, `${base}a+b`]);
    expect(answer.CommonPrefixes).toEqual([{ Prefix: `${base}a%2B` }]);
    expect(answer.Delimiter).toBe('%2B');
    const wide = await list({ EncodingType: 'url', Prefix: `${base}é` });
    expect(wide.answer.Contents?.[0]?.Key).toBe(`${base}%C3%A9`);
  });

  it('a made-up continuation token is refused', async () => {
    expect(await refusal(list({ ContinuationToken: 'made-up' }))).toEqual({
      status: 400,
      code: 'InvalidArgument',
    });
  });

  it.each([{ 'max-keys': 'many' }, { 'max-keys': '-1' }, { 'encoding-type': 'base64' }])(
    '%j is refused',
    async (query) => {
      const answer = await rawRequest(endpoint, {
        method: 'GET',
        path: `/${Bucket}`,
        query: { 'list-type': '2', ...query },
      });
      expect(answer.status).toBe(400);
      expect(errorCode(answer)).toBe('InvalidArgument');
    },
  );

  it('of a bucket that is not there: 404', async () => {
    const attempt = endpoint.client.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket-1f2e3d4c5b' }));
    expect(await refusal(attempt)).toEqual({ status: 404, code: 'NoSuchBucket' });
  });
});

describe('buckets', () => {
  it('HeadBucket answers 200 for one that is there, 404 for one that is not', async () => {
    const answer = await endpoint.client.send(new HeadBucketCommand({ Bucket }));
    expect(answer.$metadata.httpStatusCode).toBe(200);
    const attempt = endpoint.client.send(new HeadBucketCommand({ Bucket: 'no-such-bucket-1f2e3d4c5b' }));
    expect((await refusal(attempt)).status).toBe(404);
  });

  it('ListBuckets names it', async () => {
    const { Buckets } = await endpoint.client.send(new ListBucketsCommand({}));
    expect((Buckets ?? []).map(({ Name }) => Name)).toContain(Bucket);
  });

  it('errors name the resource and carry a request id', async () => {
    const key = endpoint.key('missing');
    const answer = await rawRequest(endpoint, { method: 'GET', path: `/${Bucket}/${key}` });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\s*<Error><Code>NoSuchKey<\/Code>/);
    expect(answer.body).toContain('<Message>The specified key does not exist.</Message>');
    expect(answer.body).toMatch(/<RequestId>\w+<\/RequestId>/);
    const attempt = endpoint.client.send(new GetObjectCommand({ Bucket, Key: key }));
    expect((await attempt.catch((error) => error)).$metadata.requestId).toBeTypeOf('string');
  });
});
