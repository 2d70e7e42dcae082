import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rangeHeader, signRange } from '../../../functions/aws/rangeLinks.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'secret-key' };
const CONTENT = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 251));

describe('a link to a range', () => {
  let folder: string;
  let server: S3Server;
  let s3: S3Client;
  const object = { bucket: 'landing', key: 'state/journal/00/host/worker/1' };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'range-links-'));
    server = await startS3Server({ dataDir: folder, credentials: CREDENTIALS, buckets: [object.bucket] });
    s3 = new S3Client({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: CREDENTIALS,
      forcePathStyle: true,
    });
    await s3.send(new PutObjectCommand({ Bucket: object.bucket, Key: object.key, Body: CONTENT }));
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const sign = (firstByte: number, bytes: number) =>
    signRange(s3, { ...object, firstByte, bytes }, { expiresInSeconds: 60 });

  async function get(url: string, range?: string, method = 'GET') {
    const headers: Record<string, string> = range === undefined ? {} : { range };
    const answer = await fetch(url, { method, headers });
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  }

  it('gives that range', async () => {
    const url = await sign(100, 50);
    const { status, body } = await get(url, rangeHeader({ firstByte: 100, bytes: 50 }));
    expect(status).toBe(206);
    expect(body.equals(CONTENT.subarray(100, 150))).toBe(true);
  });

  it('for HEAD says what that range has, and gives no byte', async () => {
    const range = { firstByte: 100, bytes: 50 };
    const url = await signRange(s3, { ...object, ...range }, { expiresInSeconds: 60, isHead: true });
    const answer = await fetch(url, { method: 'HEAD', headers: { range: rangeHeader(range) } });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([206, '50']);
    expect((await get(url, rangeHeader(range))).status).toBe(403);
  });

  it('gives nothing for any other range, or for none', async () => {
    const url = await sign(100, 50);
    const range = fc.tuple(fc.nat(CONTENT.length - 1), fc.integer({ min: 1, max: CONTENT.length }));
    const other = range.filter(([firstByte, bytes]) => firstByte !== 100 || bytes !== 50);
    await fc.assert(
      fc.asyncProperty(other, async ([firstByte, bytes]) => {
        const { status, body } = await get(url, rangeHeader({ firstByte, bytes }));
        expect(status).toBe(403);
        expect(body.includes(CONTENT.subarray(0, 8))).toBe(false);
      }),
      { numRuns: 20, examples: [[[100, 49]], [[100, 51]], [[99, 51]]] },
    );
    for (const range of [undefined, '', 'bytes=100-', 'bytes=-50', 'bytes=100-149,200-210', 'bytes=0-999'])
      expect((await get(url, range)).status).toBe(403);
  });

  it('is for reading alone, and for this object alone', async () => {
    const url = await sign(100, 50);
    const range = rangeHeader({ firstByte: 100, bytes: 50 });
    for (const method of ['HEAD', 'PUT', 'DELETE']) expect((await get(url, range, method)).status).toBe(403);
    expect((await get(url.replace('worker/1', 'worker/2'), range)).status).toBe(403);
    const unsigned = url.replace('X-Amz-SignedHeaders=host%3Brange', 'X-Amz-SignedHeaders=host');
    expect(unsigned).not.toBe(url);
    expect((await get(unsigned)).status).toBe(403);
  });

  it('is refused where the range is none', async () => {
    for (const [firstByte, bytes] of [
      [0, 0],
      [-1, 5],
      [0.5, 5],
      [0, Number.NaN],
    ] as const)
      await expect(sign(firstByte, bytes)).rejects.toThrow(RangeError);
  });
});
