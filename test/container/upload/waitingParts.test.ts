import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BufferPool } from '../../../container/upload/bufferPool.ts';
import { PartUpload } from '../../../container/upload/partUpload.ts';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { Spool, SpoolFullError } from '../../../container/upload/spool.ts';
import { UnreadableError, Uploader, type UploadTarget } from '../../../container/upload/uploader.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';

const MIB = 1024 * 1024;
const FILES = 12;
/** Two are on their way to S3, and one file's last may wait in memory. */
const IN_MEMORY = 3;
const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'secret-key' };

let folder: string;
let server: S3Server;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'waiting-'));
  const dataDir = path.join(folder, 's3');
  server = await startS3Server({ dataDir, credentials: CREDENTIALS, buckets: ['landing'] });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** A recorder's way into S3, with a spool of its own. */
async function opened(name: string, spoolMaxBytes: number) {
  const log = new Logger({ logLevel: 'SILENT' });
  const s3 = recorderS3Client(log, {
    endpoint: server.url,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    forcePathStyle: true,
  });
  const spoolFolder = path.join(folder, name);
  const spool = new Spool(spoolFolder, spoolMaxBytes);
  await spool.open();
  return {
    s3,
    spool,
    spoolFolder,
    uploader: new Uploader({ s3, log, signal: new AbortController().signal }),
  };
}

it('files that are finished before S3 opens them wait on disk, each of their bytes once', async () => {
  const { s3, spool, spoolFolder, uploader } = await opened('spool', FILES * MIB);
  const buffers = new BufferPool();
  const files = Array.from({ length: FILES }, (_, index) => {
    const target = Promise.withResolvers<UploadTarget>();
    const upload = new PartUpload({ uploader, spool, buffers, target: target.promise, partBytes: 8 * MIB });
    return { index, target, upload, media: Buffer.alloc(MIB, index) };
  });
  const flushed = [];
  for (const { upload, media } of files) {
    upload.reserve(media.length);
    await upload.append(media);
    await upload.end();
    flushed.push(upload.flush());
  }
  expect(readdirSync(spoolFolder)).toHaveLength(FILES);
  expect(spool.bytes).toBe((FILES - IN_MEMORY) * MIB);
  // What would not fit when the file ends is refused while there is still something to end.
  expect(() => files.at(-1)?.upload.reserve(IN_MEMORY * MIB)).not.toThrow();
  expect(() => files.at(-1)?.upload.reserve(IN_MEMORY * MIB + 1)).toThrow(SpoolFullError);

  for (const { index, target } of files) {
    const place = { Bucket: 'landing', Key: `file-${index}` };
    const { UploadId: uploadId = '' } = await s3.send(
      new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
    );
    target.resolve({ bucket: place.Bucket, key: place.Key, uploadId });
  }
  for (const [index, { uploaded }] of (await Promise.all(flushed)).entries()) {
    const [{ etag: _etag, ...part } = { etag: '' }, ...others] = uploaded;
    expect(part).toEqual(describePart(1, files[index]?.media ?? Buffer.alloc(0)));
    expect(others).toEqual([]);
  }
  expect(spool.bytes).toBe(0);
  // For the new head; and no longer than that.
  expect(readdirSync(spoolFolder)).toHaveLength(FILES);
  await Promise.all(files.map(({ upload }) => upload.close()));
  expect(readdirSync(spoolFolder)).toEqual([]);
});

it('is not taken for what was recorded when the disk has other bytes than were written', async () => {
  const { s3, spool, spoolFolder, uploader } = await opened('changed', 40 * MIB);
  const target = Promise.withResolvers<UploadTarget>();
  const upload = new PartUpload({
    ...{ uploader, spool, buffers: new BufferPool(), target: target.promise },
    partBytes: 5 * MIB,
  });
  // Two S3 parts wait for the upload in memory, the third one on disk.
  const media = Array.from({ length: 15 }, (_, fill) => Buffer.alloc(MIB, fill));
  for (const piece of media) await upload.append(piece);
  expect(readdirSync(spoolFolder)).toHaveLength(2);
  const flushed = upload.flush();
  const [, third = ''] = readdirSync(spoolFolder)
    .toSorted()
    .map((name) => path.join(spoolFolder, name));
  const held = async (from: number, to: number): Promise<Buffer> =>
    Buffer.concat((await upload.hold(from * MIB, to * MIB)).pieces);
  expect((await held(12, 14)).equals(Buffer.concat(media.slice(12, 14)))).toBe(true);
  const bytes = readFileSync(third);
  bytes[3 * MIB] = 255;
  writeFileSync(third, bytes);

  await expect(held(12, 14)).rejects.toBeInstanceOf(UnreadableError);
  expect((await held(10, 12)).equals(Buffer.concat(media.slice(10, 12)))).toBe(true);
  const place = { Bucket: 'landing', Key: 'changed' };
  const { UploadId: uploadId = '' } = await s3.send(
    new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
  );
  target.resolve({ bucket: place.Bucket, key: place.Key, uploadId });
  await expect(flushed).rejects.toBeInstanceOf(UnreadableError);
});
