import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';
import { BUCKET as Bucket, start } from './support.ts';

/** Space comes back with the last user of each blob: objects, parts, copies, and reads under way. */
const blobsOf = (dataDir: string) => readdirSync(path.join(dataDir, 'blobs')).length;
const MIB = 1024 * 1024;

const put = (client: S3Client, Key: string, Body: string | Buffer = 'body') =>
  client.send(new PutObjectCommand({ Bucket, Key, Body }));
const remove = (client: S3Client, Key: string) => client.send(new DeleteObjectCommand({ Bucket, Key }));

async function uploadOf(client: S3Client, Key: string) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const target = { Bucket, Key, UploadId };
  return {
    target,
    part: async (PartNumber: number, Body: Buffer) => {
      const { ETag } = await client.send(new UploadPartCommand({ ...target, PartNumber, Body }));
      return { PartNumber, ETag };
    },
    complete: (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } })),
    abort: () => client.send(new AbortMultipartUploadCommand(target)),
  };
}

describe('blobs', () => {
  it('of a part that was uploaded again, or left out, go; an abort takes all', async () => {
    const { client, dataDir } = await start();
    const upload = await uploadOf(client, 'a');
    await upload.part(1, Buffer.from('first'));
    const one = await upload.part(1, Buffer.from('again'));
    expect(blobsOf(dataDir)).toBe(1);
    await upload.part(2, Buffer.from('left out'));
    expect(blobsOf(dataDir)).toBe(2);
    await upload.complete([one]);
    expect(blobsOf(dataDir)).toBe(1);
    const other = await uploadOf(client, 'b');
    await other.part(1, Buffer.from('x'));
    await other.abort();
    expect(blobsOf(dataDir)).toBe(1);
    await remove(client, 'a');
    expect(blobsOf(dataDir)).toBe(0);
  });

  it('are shared by copies and copied parts, and stay for the last of them', async () => {
    const { client, dataDir } = await start();
    await put(client, 'source', Buffer.alloc(6 * MIB, 'x'));
    const CopySource = `${Bucket}/source`;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
    const upload = await uploadOf(client, 'parts');
    const { CopyPartResult } = await client.send(
      new UploadPartCopyCommand({
        ...upload.target,
        PartNumber: 1,
        CopySource,
        CopySourceRange: 'bytes=10-19',
      }),
    );
    expect(blobsOf(dataDir)).toBe(1);
    await remove(client, 'source');
    await remove(client, 'copy');
    await upload.complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'parts' }));
    expect(await Body?.transformToString()).toBe('xxxxxxxxxx');
    await remove(client, 'parts');
    expect(blobsOf(dataDir)).toBe(0);
  });

  it('of a read that its client breaks off are free afterwards', async () => {
    const { client, dataDir } = await start();
    await put(client, 'a', Buffer.alloc(20 * MIB));
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    await remove(client, 'a');
    expect(blobsOf(dataDir)).toBe(1);
    if (Body !== undefined && 'destroy' in Body) Body.destroy();
    await expect.poll(() => blobsOf(dataDir)).toBe(0);
  });

  it('of a write that its client breaks off go', async () => {
    const { client, dataDir } = await start();
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'a' }));
    const { hostname, port, pathname, search } = new URL(url);
    const half = request({
      hostname,
      port,
      path: pathname + search,
      method: 'PUT',
      headers: { 'content-length': 10 * MIB },
    });
    const broken = new Promise((resolve) => half.once('error', resolve));
    half.write(Buffer.alloc(5 * MIB));
    await expect.poll(() => blobsOf(dataDir)).toBe(1);
    half.destroy(new Error('broken off by the test'));
    await broken;
    await expect.poll(() => blobsOf(dataDir)).toBe(0);
  });

  it('of a part whose upload is aborted meanwhile go, and the part is refused', async () => {
    const { client, dataDir } = await start();
    const upload = await uploadOf(client, 'a');
    const part1 = new UploadPartCommand({ ...upload.target, PartNumber: 1 });
    // Or the URL would hold the checksum of an empty body.
    client.config.requestChecksumCalculation = async () => 'WHEN_REQUIRED';
    const url = await getSignedUrl(client, part1);
    const { hostname, port, pathname, search } = new URL(url);
    const part = request({
      hostname,
      port,
      path: pathname + search,
      method: 'PUT',
      headers: { 'content-length': MIB },
    });
    const status = new Promise<number | undefined>((resolve, reject) => {
      part.once('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      part.once('error', reject);
    });
    // What is small waits in memory.
    const half = Buffer.alloc(MIB / 2);
    part.write(half);
    await expect.poll(() => blobsOf(dataDir)).toBe(1);
    await upload.abort();
    part.end(half);
    expect(await status).toBe(404);
    expect(blobsOf(dataDir)).toBe(0);
  });
});
