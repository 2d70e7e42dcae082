import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type ObjectIdentifier,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { errorCode, rawRequest } from './rawRequest.ts';
import { contractEndpoint, listKeys, MIB, md5Hex, patternBytes, put, refusal } from './support.ts';
import { completedUpload } from './uploads.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;

describe('DeleteObject', () => {
  it('deletes, and answers 204 also where there is nothing', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    for (let round = 0; round < 2; round += 1) {
      const answer = await endpoint.client.send(new DeleteObjectCommand({ Bucket, Key: key }));
      expect(answer.$metadata.httpStatusCode).toBe(204);
    }
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('lets a read that has begun come to its end', async () => {
    const key = endpoint.key();
    const parts = [1, 2, 3].map((seed) => patternBytes(5 * MIB, seed));
    await completedUpload(endpoint, key, parts);
    const { Body } = await endpoint.client.send(new GetObjectCommand({ Bucket, Key: key }));
    await endpoint.client.send(new DeleteObjectCommand({ Bucket, Key: key }));
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(Buffer.concat(parts))).toBe(true);
  });
});

describe('DeleteObjects', () => {
  const remove = (Objects: ObjectIdentifier[], Quiet = false) =>
    endpoint.client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));

  it('deletes many, named or not there, and lists them', async () => {
    const keys = [endpoint.key('1'), endpoint.key('2 & <3>'), endpoint.key('missing')];
    for (const key of keys.slice(0, 2)) await put(endpoint, key);
    const answer = await remove(keys.map((Key) => ({ Key })));
    expect((answer.Deleted ?? []).map(({ Key }) => Key).sort()).toEqual([...keys].sort());
    expect(answer.Errors ?? []).toEqual([]);
    for (const key of keys) expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('is silent about what it deleted when asked to be quiet', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    const answer = await remove([{ Key: key }], true);
    expect(answer.Deleted ?? []).toEqual([]);
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('with ETags deletes those that match and names the others', async () => {
    const [same, other] = [endpoint.key('same'), endpoint.key('other')];
    const etag = await put(endpoint, same, 'one');
    await put(endpoint, other, 'two');
    const answer = await remove([
      { Key: same, ETag: etag },
      { Key: other, ETag: etag },
    ]);
    expect((answer.Deleted ?? []).map(({ Key }) => Key)).toEqual([same]);
    expect(answer.Errors).toMatchObject([{ Key: other, Code: 'PreconditionFailed' }]);
    expect(await listKeys(endpoint, other)).toEqual([other]);
  });

  it('takes 1,000 keys', async () => {
    const base = endpoint.key('');
    await put(endpoint, `${base}7`);
    const answer = await remove(Array.from({ length: 1000 }, (_, i) => ({ Key: `${base}${i}` })));
    expect(answer.Deleted).toHaveLength(1000);
    expect(await listKeys(endpoint, base)).toEqual([]);
  });

  it('takes 1,000 keys of the greatest length, all of characters that XML escapes', async () => {
    const base = endpoint.key('');
    const Objects = Array.from({ length: 1000 }, (_, i) => ({ Key: `${base}${i}/`.padEnd(1024, '&<') }));
    await put(endpoint, Objects[500]?.Key ?? '');
    expect((await remove(Objects, true)).Errors ?? []).toEqual([]);
    expect(await listKeys(endpoint, base)).toEqual([]);
  });

  it('refuses 1,001 keys', async () => {
    const base = endpoint.key('');
    const attempt = remove(Array.from({ length: 1001 }, (_, i) => ({ Key: `${base}${i}` })));
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'MalformedXML' });
  });

  it('wants a digest of the list', async () => {
    const body = `<Delete><Object><Key>${endpoint.key()}</Key></Object></Delete>`;
    const request = { method: 'POST', path: `/${Bucket}`, query: { delete: '' }, body };
    expect(errorCode(await rawRequest(endpoint, request))).toBe('InvalidRequest');
    const md5 = Buffer.from(md5Hex(body), 'hex').toString('base64');
    expect((await rawRequest(endpoint, { ...request, headers: { 'content-md5': md5 } })).status).toBe(200);
  });

  it.each(['<Delete><Object>', '<Delete></Delete>', '<Other/>', 'no XML'])('refuses %j', async (body) => {
    const md5 = Buffer.from(md5Hex(body), 'hex').toString('base64');
    const answer = await rawRequest(endpoint, {
      method: 'POST',
      path: `/${Bucket}`,
      query: { delete: '' },
      headers: { 'content-md5': md5 },
      body,
    });
    expect(answer.status).toBe(400);
    expect(errorCode(answer)).toBe('MalformedXML');
  });
});

describe('tags', () => {
  const tagsOf = async (Key: string) =>
    (await endpoint.client.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;
  const tag = (Key: string, TagSet: { Key: string; Value: string }[]) =>
    endpoint.client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));

  it('come with PutObject and are counted by reads', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'x', { Tagging: 'state=new&with%20space=a%2Bb' });
    expect(await tagsOf(key)).toEqual([
      { Key: 'state', Value: 'new' },
      { Key: 'with space', Value: 'a+b' },
    ]);
    const get = await endpoint.client.send(new GetObjectCommand({ Bucket, Key: key }));
    await get.Body?.transformToString();
    expect(get.TagCount).toBe(2);
  });

  it('are replaced by PutObjectTagging; the object stays as it is', async () => {
    const key = endpoint.key();
    const etag = await put(endpoint, key, 'x', { Tagging: 'a=1', Metadata: { m: '1' } });
    await tag(key, [{ Key: 'b', Value: '' }]);
    expect(await tagsOf(key)).toEqual([{ Key: 'b', Value: '' }]);
    const head = await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
    expect(head).toMatchObject({ ETag: etag, Metadata: { m: '1' } });
  });

  it('are none for an object without', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    expect(await tagsOf(key)).toEqual([]);
  });

  it('over ten, doubled or too long are refused', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    const many = Array.from({ length: 11 }, (_, i) => ({ Key: `k${i}`, Value: 'v' }));
    expect((await refusal(tag(key, many))).status).toBe(400);
    const twice = [1, 2].map(() => ({ Key: 'k', Value: 'v' }));
    expect(await refusal(tag(key, twice))).toEqual({ status: 400, code: 'InvalidTag' });
    const long = [{ Key: 'k'.repeat(129), Value: 'v' }];
    expect(await refusal(tag(key, long))).toEqual({ status: 400, code: 'InvalidTag' });
    const longValue = [{ Key: 'k', Value: 'v'.repeat(257) }];
    expect(await refusal(tag(key, longValue))).toEqual({ status: 400, code: 'InvalidTag' });
  });

  it('of a key that is not there: 404', async () => {
    expect(await refusal(tagsOf(endpoint.key('missing')))).toEqual({ status: 404, code: 'NoSuchKey' });
    expect(await refusal(tag(endpoint.key('missing'), []))).toEqual({ status: 404, code: 'NoSuchKey' });
  });
});
