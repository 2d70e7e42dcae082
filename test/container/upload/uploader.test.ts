import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { CreateMultipartUploadCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BufferPool } from '../../../container/upload/bufferPool.ts';
import { PartUpload } from '../../../container/upload/partUpload.ts';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { Spool } from '../../../container/upload/spool.ts';
import { UnreadableError, Uploader } from '../../../container/upload/uploader.ts';
import { joined } from '../../../functions/core/media/pieces.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';

const MIB = 1024 * 1024;
const BUCKET = 'landing';
const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'secret-key' };
const OLD_HEAD = Buffer.alloc(1_000, 'old');
const NEW_HEAD = Buffer.alloc(3 * MIB, 'new');
const MEDIA = Buffer.alloc(6 * MIB, 'media');

/** In each file of a folder. */
function changeOneByte(where: string, at: number): void {
  for (const name of readdirSync(where)) {
    const bytes = readFileSync(path.join(where, name));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path.join(where, name), bytes);
  }
}

describe('the first S3 part, sent again with another head', () => {
  let folder: string;
  let server: S3Server;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'uploader-'));
    const dataDir = path.join(folder, 's3');
    server = await startS3Server({ dataDir, credentials: CREDENTIALS, buckets: [BUCKET] });
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  /** A part whose media are uploaded. */
  async function uploadedPart() {
    const log = new Logger({ logLevel: 'SILENT' });
    const s3 = recorderS3Client(log, {
      endpoint: server.url,
      region: 'us-east-1',
      credentials: CREDENTIALS,
      forcePathStyle: true,
    });
    count += 1;
    const Key = `part-${count}`;
    const created = await s3.send(
      new CreateMultipartUploadCommand({
        Bucket: BUCKET,
        Key,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    const UploadId = created.UploadId ?? '';
    const spoolFolder = path.join(folder, Key);
    const spool = new Spool(spoolFolder, 0);
    await spool.open();
    const uploader = new Uploader({ s3, log, signal: new AbortController().signal });
    const upload = new PartUpload({
      uploader,
      spool,
      buffers: new BufferPool(),
      target: Promise.resolve({ bucket: BUCKET, key: Key, uploadId: UploadId }),
      partBytes: 8 * MIB,
    });
    await upload.append(OLD_HEAD);
    await upload.append(MEDIA);
    await upload.end();
    await upload.flush();
    const first = await upload.firstWithHead(joined(NEW_HEAD), OLD_HEAD.length);
    const parts = async () =>
      (await s3.send(new ListPartsCommand({ Bucket: BUCKET, Key, UploadId }))).Parts?.map(
        ({ PartNumber, Size, ChecksumCRC32 }) => ({ PartNumber, Size, ChecksumCRC32 }),
      );
    return { upload, first, parts, spoolFolder };
  }

  const openFilesIn = (where: string): string[] =>
    readdirSync('/proc/self/fd')
      .map((descriptor) => {
        try {
          return readlinkSync(`/proc/self/fd/${descriptor}`);
        } catch {
          // The descriptor that lists them is gone by now.
          return '';
        }
      })
      .filter((file) => file.startsWith(where));

  it('replaces it, and leaves nothing open after tries that were cut off', async () => {
    const { upload, first, parts, spoolFolder } = await uploadedPart();
    const action = { kind: 'resetMidBody', afterBytes: 4 * MIB } as const;
    server.faults.add({ service: 's3', operation: 'UploadPart', times: 3, action });
    const { bytes, crc32 } = await upload.uploadFirstAgain(first);
    server.faults.clear();
    const expected = describePart(1, Buffer.concat([NEW_HEAD, MEDIA]));
    expect({ partNumber: 1, bytes, crc32 }).toEqual(expected);
    expect(await parts()).toEqual([{ PartNumber: 1, Size: bytes, ChecksumCRC32: crc32 }]);
    expect(openFilesIn(spoolFolder)).toEqual([]);
  });

  it('fails at once when the disk does not give it back, and the old one stays', async () => {
    const { upload, first, parts, spoolFolder } = await uploadedPart();
    const before = await parts();
    await rm(spoolFolder, { recursive: true });
    await expect(upload.uploadFirstAgain(first)).rejects.toBeInstanceOf(UnreadableError);
    expect(await parts()).toEqual(before);
  });

  it('is not even announced when the disk has less than was written', async () => {
    const { upload, spoolFolder } = await uploadedPart();
    for (const file of readdirSync(spoolFolder)) truncateSync(path.join(spoolFolder, file), 5 * MIB);
    const short = upload.firstWithHead(joined(NEW_HEAD), OLD_HEAD.length);
    await expect(short).rejects.toThrow(/^the first S3 part has \d+ of \d+ bytes$/);
  });

  it('is not sent when the disk has other bytes than were written', async () => {
    const { upload, parts, spoolFolder } = await uploadedPart();
    const before = await parts();
    changeOneByte(spoolFolder, 5 * MIB);
    const changed = upload.firstWithHead(joined(NEW_HEAD), OLD_HEAD.length);
    await expect(changed).rejects.toBeInstanceOf(UnreadableError);
    expect(await parts()).toEqual(before);
  });
});
