import { createHash } from 'node:crypto';
import { type ChecksumAlgorithm, HeadObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { contractEndpoint, MIB, patternBytes, present, put, refusal } from './support.ts';
import { completedUpload, listed, TestUpload } from './uploads.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;
const head = (Key: string) =>
  endpoint.client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
const PARTS = [patternBytes(5 * MIB, 1), patternBytes(5 * MIB + 1, 2), patternBytes(3, 3)];
const WHOLE = Buffer.concat(PARTS);
const BAD = { status: 400, code: 'BadDigest' };
const INVALID = { status: 400, code: 'InvalidRequest' };

/** What the client's own implementation says of the whole object, by putting it at once. */
async function checksumOfWhole(algorithm: ChecksumAlgorithm): Promise<string> {
  const key = endpoint.key('whole');
  await put(endpoint, key, WHOLE, { ChecksumAlgorithm: algorithm });
  return present((await head(key))[`Checksum${algorithm as 'CRC32'}`]);
}

describe.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('full-object %s', (algorithm) => {
  const field = `Checksum${algorithm}` as const;
  const input = { ChecksumAlgorithm: algorithm, ChecksumType: 'FULL_OBJECT' } as const;

  it('of an upload is that of the same bytes put at once', async () => {
    const key = endpoint.key();
    const answer = await completedUpload(endpoint, key, PARTS, input);
    const expected = await checksumOfWhole(algorithm);
    expect(answer[field]).toBe(expected);
    expect(answer.ChecksumType).toBe('FULL_OBJECT');
    const read = await head(key);
    expect(read[field]).toBe(expected);
    expect(read.ChecksumType).toBe('FULL_OBJECT');
  });

  it('given on completion is verified', async () => {
    const upload = await TestUpload.create(endpoint, undefined, input);
    const parts = await Promise.all(
      PARTS.map(async (bytes, i) =>
        listed(i + 1, await upload.part(i + 1, bytes, { ChecksumAlgorithm: algorithm })),
      ),
    );
    const right = await checksumOfWhole(algorithm);
    const wrong = Buffer.from(right, 'base64').fill(7).toString('base64');
    const type = { ChecksumType: 'FULL_OBJECT' } as const;
    expect(await refusal(upload.complete(parts, { ...type, [field]: wrong }))).toEqual(BAD);
    await upload.complete(parts, { ...type, [field]: right });
  });
});

describe.each(['SHA1', 'SHA256'] as const)('composite %s', (algorithm) => {
  const field = `Checksum${algorithm}` as const;

  it('is the checksum of the parts’ checksums, with their number', async () => {
    const digest = (bytes: Uint8Array) => createHash(algorithm.toLowerCase()).update(bytes).digest();
    const expected = `${digest(Buffer.concat(PARTS.map(digest))).toString('base64')}-3`;
    const key = endpoint.key();
    const answer = await completedUpload(endpoint, key, PARTS, { ChecksumAlgorithm: algorithm });
    expect(answer[field]).toBe(expected);
    const read = await head(key);
    expect(read[field]).toBe(expected);
    expect(read.ChecksumType).toBe('COMPOSITE');
  });
});

describe('composite CRC32', () => {
  it('is the kind without a type asked for', async () => {
    const key = endpoint.key();
    const answer = await completedUpload(endpoint, key, PARTS, { ChecksumAlgorithm: 'CRC32' });
    expect(answer.ChecksumCRC32).toMatch(/^[A-Za-z0-9+/]{6}==-3$/);
    expect((await head(key)).ChecksumType).toBe('COMPOSITE');
  });

  it('needs the checksum of each part in the list', async () => {
    const upload = await TestUpload.create(endpoint, undefined, { ChecksumAlgorithm: 'CRC32' });
    const { ETag, ChecksumCRC32 } = await upload.part(1, 'one');
    expect(await refusal(upload.complete([{ PartNumber: 1, ETag }]))).toEqual(INVALID);
    await upload.complete([{ PartNumber: 1, ETag, ChecksumCRC32 }]);
  });

  it('refuses a wrong one in the list', async () => {
    const upload = await TestUpload.create(endpoint, undefined, { ChecksumAlgorithm: 'CRC32' });
    const { ETag } = await upload.part(1, 'one');
    const attempt = upload.complete([{ PartNumber: 1, ETag, ChecksumCRC32: 'AAAAAA==' }]);
    expect((await refusal(attempt)).status).toBe(400);
  });
});

describe('the checksum of a part', () => {
  it('that does not fit is refused, and the part of before stays', async () => {
    const upload = await TestUpload.create(endpoint, undefined, { ChecksumAlgorithm: 'CRC32' });
    const part = await upload.part(1, 'one');
    expect(await refusal(upload.part(1, 'two', { ChecksumCRC32: 'AAAAAA==' }))).toEqual(BAD);
    await upload.complete([listed(1, part)]);
  });

  it('of another algorithm than the upload’s is refused', async () => {
    const upload = await TestUpload.create(endpoint, undefined, { ChecksumAlgorithm: 'SHA256' });
    expect(await refusal(upload.part(1, 'one', { ChecksumAlgorithm: 'CRC32' }))).toEqual(INVALID);
  });

  it('is answered', async () => {
    const upload = await TestUpload.create(endpoint, undefined, { ChecksumAlgorithm: 'CRC32C' });
    const answer = await upload.part(1, '123456789', { ChecksumAlgorithm: 'CRC32C' });
    expect(answer.ChecksumCRC32C).toBe('4waSgw==');
  });

  it('given with Content-MD5: both are verified', async () => {
    const upload = await TestUpload.create(endpoint);
    const md5 = createHash('md5').update('other').digest('base64');
    expect(await refusal(upload.part(1, 'one', { ContentMD5: md5 }))).toEqual(BAD);
  });
});

describe('CreateMultipartUpload', () => {
  it.each([
    ['SHA256', 'FULL_OBJECT'],
    ['SHA1', 'FULL_OBJECT'],
    ['CRC64NVME', 'COMPOSITE'],
  ] as const)('refuses %s with %s', async (ChecksumAlgorithm, ChecksumType) => {
    const attempt = TestUpload.create(endpoint, undefined, { ChecksumAlgorithm, ChecksumType });
    expect(await refusal(attempt)).toEqual(INVALID);
  });

  it('of a type that completion contradicts: refused there', async () => {
    const input = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const upload = await TestUpload.create(endpoint, undefined, input);
    const list = [listed(1, await upload.part(1, 'one'))];
    expect(await refusal(upload.complete(list, { ChecksumType: 'COMPOSITE' }))).toEqual(INVALID);
  });
});
