import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CopyObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { BUCKET as Bucket, startProcess, temporaryFolder } from './support.ts';

const MIB = 1024 * 1024;
const OBJECT_BYTES = 300 * MIB;

/** The most memory that the process has ever had, in bytes. */
function peakMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

it('memory stays flat while an object of 300 MiB is put, copied with another checksum, and read', async () => {
  const { client, pid } = await startProcess(temporaryFolder());
  await client.send(new PutObjectCommand({ Bucket, Key: 'small', Body: Buffer.alloc(MIB) }));
  await client.send(new HeadObjectCommand({ Bucket, Key: 'small' }));
  const before = peakMemoryBytes(pid);

  const body = Buffer.alloc(OBJECT_BYTES, 'some text ');
  await client.send(new PutObjectCommand({ Bucket, Key: 'big', Body: body }));
  const CopySource = encodeURIComponent(`${Bucket}/big`);
  const { CopyObjectResult } = await client.send(
    new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ChecksumAlgorithm: 'SHA256' }),
  );
  expect(CopyObjectResult?.ChecksumSHA256).toBe(createHash('sha256').update(body).digest('base64'));
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'copy', ChecksumMode: 'ENABLED' }));
  let bytes = 0;
  for await (const chunk of Body as AsyncIterable<Uint8Array>) bytes += chunk.length;
  expect(bytes).toBe(OBJECT_BYTES);

  const grown = peakMemoryBytes(pid) - before;
  expect(grown, `grew by ${Math.round(grown / MIB)} MiB`).toBeLessThan(100 * MIB);
}, 180_000);
