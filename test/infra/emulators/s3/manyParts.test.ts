import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { combineCrcs, runningCrc } from '../../../../infra/emulators/s3/crc.ts';
import type { Entry } from '../../../../infra/emulators/s3/records.ts';
import { md5Hex, patternBytes } from '../../../contract/s3/support.ts';
import { BUCKET as Bucket, start, temporaryFolder } from './support.ts';

const PARTS = 10_000;
const PART_BYTES = 5 * 1024 * 1024;

it('an upload of 10,000 parts is listed, completed and read', async () => {
  // Sent one by one they would be 50 GB: the journal says that they were, all of the same blob.
  const dataDir = temporaryFolder();
  mkdirSync(path.join(dataDir, 'blobs'));
  const bytes = patternBytes(PART_BYTES, 3);
  writeFileSync(path.join(dataDir, 'blobs', 'part'), bytes);
  const crc = runningCrc('CRC32');
  crc.update(bytes);
  const digest = crc.digest();
  const part = {
    etag: md5Hex(bytes),
    bytes: PART_BYTES,
    lastModifiedMs: 0,
    segments: [{ blob: 'part', offset: 0, bytes: PART_BYTES }],
    checksum: digest.toString('base64'),
  };
  const upload = {
    uploadId: 'upload',
    bucket: Bucket,
    key: 'big',
    initiatedMs: 0,
    algorithm: 'CRC32',
    checksumType: 'FULL_OBJECT',
    algorithmNamed: true,
    headers: {},
    metadata: {},
    tags: [],
  } as const;
  const entries: Entry[] = [
    { type: 'bucket', bucket: Bucket, createdMs: 0 },
    { type: 'create', upload },
    ...Array.from(
      { length: PARTS },
      (_, i): Entry => ({ type: 'part', uploadId: 'upload', number: i + 1, part }),
    ),
  ];
  const lines = entries.map((entry, i) => `${JSON.stringify({ sequence: i + 1, entry })}\n`);
  writeFileSync(path.join(dataDir, 'journal.jsonl'), lines.join(''));

  const { client } = await start({ dataDir });
  const target = { Bucket, Key: 'big', UploadId: 'upload' };
  const Parts: {
    PartNumber: number | undefined;
    ETag: string | undefined;
    ChecksumCRC32: string | undefined;
  }[] = [];
  let PartNumberMarker: string | undefined;
  do {
    const page = await client.send(new ListPartsCommand({ ...target, PartNumberMarker }));
    for (const { PartNumber, ETag, ChecksumCRC32 } of page.Parts ?? [])
      Parts.push({ PartNumber, ETag, ChecksumCRC32 });
    PartNumberMarker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (PartNumberMarker !== undefined);
  expect(Parts.map(({ PartNumber }) => PartNumber)).toEqual(Array.from({ length: PARTS }, (_, i) => i + 1));

  const answer = await client.send(
    new CompleteMultipartUploadCommand({
      ...target,
      MultipartUpload: { Parts },
      MpuObjectSize: PARTS * PART_BYTES,
    }),
  );
  expect(answer.ETag).toMatch(/-10000"$/);
  const whole = combineCrcs(
    'CRC32',
    Array.from({ length: PARTS }, () => ({ digest, bytes: PART_BYTES })),
  );
  expect(answer.ChecksumCRC32).toBe(whole.toString('base64'));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'big' }));
  expect(head.ContentLength).toBe(PARTS * PART_BYTES);
  const first = (PARTS - 1) * PART_BYTES - 5;
  const Range = `bytes=${first}-${first + 9}`;
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'big', Range }));
  const expected = Buffer.concat([bytes.subarray(-5), bytes.subarray(0, 5)]);
  expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(expected)).toBe(true);
});
