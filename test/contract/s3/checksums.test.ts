import { createHash } from 'node:crypto';
import {
  ChecksumAlgorithm,
  GetObjectCommand,
  HeadObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { errorCode, rawRequest, signedChunks, unsignedChunks } from './rawRequest.ts';
import {
  contractEndpoint,
  getBytes,
  getText,
  md5Hex,
  patternBytes,
  present,
  put,
  refusal,
} from './support.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;
const head = (Key: string, input = {}) =>
  endpoint.client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', ...input }));

/** The published check values of each algorithm: of the digits 1 to 9. */
const DIGITS = '123456789';
const CHECK_VALUES = {
  CRC32: 'y/Q5Jg==',
  CRC32C: '4waSgw==',
  CRC64NVME: 'rosUhgp5mIg=',
  SHA1: createHash('sha1').update(DIGITS).digest('base64'),
  SHA256: createHash('sha256').update(DIGITS).digest('base64'),
} as const;
const ALGORITHMS = Object.keys(CHECK_VALUES) as (keyof typeof CHECK_VALUES)[];

describe.each(ALGORITHMS)('%s', (algorithm) => {
  const field = `Checksum${algorithm}` as const;

  it('given with the object is stored and returned', async () => {
    const key = endpoint.key();
    await put(endpoint, key, DIGITS, { [field]: CHECK_VALUES[algorithm] });
    const answer = await head(key);
    expect(answer[field]).toBe(CHECK_VALUES[algorithm]);
    expect(answer.ChecksumType).toBe('FULL_OBJECT');
  });

  it('computed by the client is the same', async () => {
    const key = endpoint.key();
    await put(endpoint, key, DIGITS, { ChecksumAlgorithm: algorithm });
    expect((await head(key))[field]).toBe(CHECK_VALUES[algorithm]);
  });

  it('that does not fit the body is refused with BadDigest, and nothing is stored', async () => {
    const key = endpoint.key();
    const attempt = put(endpoint, key, 'other', { [field]: CHECK_VALUES[algorithm] });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'BadDigest' });
    expect((await refusal(head(key))).status).toBe(404);
  });

  it('that is no such checksum is refused', async () => {
    const attempt = put(endpoint, endpoint.key(), DIGITS, { [field]: 'bm90IG9uZQ=' });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'InvalidRequest' });
  });

  it('as a trailer of an unsigned aws-chunked body is verified', async () => {
    const key = endpoint.key();
    const send = (value: string) => {
      const body = unsignedChunks([DIGITS.slice(0, 4), DIGITS.slice(4)], {
        [`x-amz-checksum-${algorithm.toLowerCase()}`]: value,
      });
      return rawRequest(endpoint, {
        method: 'PUT',
        path: `/${Bucket}/${key}`,
        payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: {
          'content-encoding': 'aws-chunked',
          'x-amz-decoded-content-length': String(DIGITS.length),
          'x-amz-trailer': `x-amz-checksum-${algorithm.toLowerCase()}`,
        },
        body,
      });
    };
    const wrong = Buffer.from(CHECK_VALUES[algorithm], 'base64').fill(1).toString('base64');
    expect(errorCode(await send(wrong))).toBe('BadDigest');
    expect((await send(CHECK_VALUES[algorithm])).status).toBe(200);
    expect(await getText(endpoint, key)).toBe(DIGITS);
    const answer = await head(key);
    expect(answer[field]).toBe(CHECK_VALUES[algorithm]);
    expect(answer.ContentEncoding).toBeUndefined();
  });
});

describe('checksums', () => {
  it('cover every algorithm but those that came later', () => {
    const known: string[] = Object.values(ChecksumAlgorithm);
    for (const algorithm of ALGORITHMS) expect(known).toContain(algorithm);
  });

  it('are returned only when asked for', async () => {
    const key = endpoint.key();
    await put(endpoint, key, DIGITS);
    const answer = await rawRequest(endpoint, { method: 'HEAD', path: `/${Bucket}/${key}` });
    expect(answer.headers['x-amz-checksum-crc32']).toBeUndefined();
    expect((await head(key)).ChecksumCRC32).toBe(CHECK_VALUES.CRC32);
  });

  it('come with the whole object, not with a piece of it', async () => {
    const key = endpoint.key();
    await put(endpoint, key, DIGITS);
    expect((await head(key, { Range: 'bytes=0-8' })).ChecksumCRC32).toBe(CHECK_VALUES.CRC32);
    expect((await head(key, { Range: 'bytes=1-8' })).ChecksumCRC32).toBeUndefined();
  });

  it('an object without one gets a CRC64NVME', async () => {
    const key = endpoint.key();
    const answer = await rawRequest(endpoint, { method: 'PUT', path: `/${Bucket}/${key}`, body: DIGITS });
    expect(answer.status).toBe(200);
    expect(await head(key)).toMatchObject({
      ChecksumCRC64NVME: CHECK_VALUES.CRC64NVME,
      ChecksumType: 'FULL_OBJECT',
    });
  });

  it('two at a time are refused', async () => {
    const both = { ChecksumCRC32: CHECK_VALUES.CRC32, ChecksumSHA1: CHECK_VALUES.SHA1 };
    const attempt = put(endpoint, endpoint.key(), DIGITS, both as Partial<PutObjectCommandInput>);
    expect((await refusal(attempt)).status).toBe(400);
  });

  it('announced and not sent are refused', async () => {
    const answer = await rawRequest(endpoint, {
      method: 'PUT',
      path: `/${Bucket}/${endpoint.key()}`,
      headers: { 'x-amz-sdk-checksum-algorithm': 'CRC32' },
      body: DIGITS,
    });
    expect(errorCode(answer)).toBe('InvalidRequest');
  });

  it('the SDK verifies what it reads: bytes and checksum agree', async () => {
    const key = endpoint.key();
    const bytes = patternBytes(2_000_001, 7);
    await put(endpoint, key, bytes, { ChecksumAlgorithm: 'CRC64NVME' });
    const { Body } = await endpoint.client.send(
      new GetObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' }),
    );
    expect(Buffer.from(await present(Body).transformToByteArray()).equals(bytes)).toBe(true);
  });
});

describe('Content-MD5', () => {
  const md5 = (text: string) => Buffer.from(md5Hex(text), 'hex').toString('base64');

  it('that fits is taken', async () => {
    await put(endpoint, endpoint.key(), 'body', { ContentMD5: md5('body') });
  });

  it('that does not fit is refused, and the old object stays', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'old');
    const attempt = put(endpoint, key, 'new', { ContentMD5: md5('other') });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'BadDigest' });
    expect(await getText(endpoint, key)).toBe('old');
  });

  it('that is none is refused', async () => {
    const attempt = put(endpoint, endpoint.key(), 'new', { ContentMD5: 'c2hvcnQ=' });
    expect(await refusal(attempt)).toEqual({ status: 400, code: 'InvalidDigest' });
  });
});

describe('x-amz-content-sha256', () => {
  it('that does not fit the body is refused', async () => {
    const key = endpoint.key();
    const answer = await rawRequest(endpoint, {
      method: 'PUT',
      path: `/${Bucket}/${key}`,
      payloadHash: createHash('sha256').update('other').digest('hex'),
      body: 'body',
    });
    expect(answer.status).toBe(400);
    expect(errorCode(answer)).toBe('XAmzContentSHA256Mismatch');
    expect((await refusal(head(key))).status).toBe(404);
  });

  it('may be UNSIGNED-PAYLOAD', async () => {
    const key = endpoint.key();
    const answer = await rawRequest(endpoint, {
      method: 'PUT',
      path: `/${Bucket}/${key}`,
      payloadHash: 'UNSIGNED-PAYLOAD',
      body: 'body',
    });
    expect(answer.status).toBe(200);
    expect(await getText(endpoint, key)).toBe('body');
  });

  it.each(['nonsense', 'E3B0', 'STREAMING-NONSENSE'])('%s is refused', async (payloadHash) => {
    const path = `/${Bucket}/${endpoint.key()}`;
    const answer = await rawRequest(endpoint, { method: 'PUT', path, payloadHash, body: 'body' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });
});

describe('aws-chunked bodies with signed chunks', () => {
  const chunks = [patternBytes(65_536, 1), patternBytes(65_536, 2), patternBytes(1234, 3)];
  const bytes = Buffer.concat(chunks).length;
  const upload = (
    key: string,
    options: { trailers?: Record<string, string>; corrupt?: (body: Buffer) => Buffer; length?: number } = {},
  ) =>
    rawRequest(endpoint, {
      method: 'PUT',
      path: `/${Bucket}/${key}`,
      payloadHash: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${options.trailers === undefined ? '' : '-TRAILER'}`,
      headers: {
        'content-encoding': 'aws-chunked,gzip',
        'x-amz-decoded-content-length': String(options.length ?? bytes),
        ...(options.trailers && { 'x-amz-trailer': Object.keys(options.trailers).join(',') }),
      },
      chunks: (seed) => {
        const body = signedChunks(chunks, seed, options.trailers);
        return options.corrupt?.(body) ?? body;
      },
    });

  it('are stored without their framing', async () => {
    const key = endpoint.key();
    expect((await upload(key)).status).toBe(200);
    expect((await getBytes(endpoint, key)).equals(Buffer.concat(chunks))).toBe(true);
    expect((await head(key)).ContentEncoding).toBe('gzip');
  });

  it('may end with a signed trailer', async () => {
    const key = endpoint.key();
    const sha = createHash('sha256').update(Buffer.concat(chunks)).digest('base64');
    expect((await upload(key, { trailers: { 'x-amz-checksum-sha256': sha } })).status).toBe(200);
    expect((await head(key)).ChecksumSHA256).toBe(sha);
  });

  it('with a changed byte are refused', async () => {
    const corrupt = (body: Buffer) => {
      body[100_000] = (body[100_000] ?? 0) ^ 1;
      return body;
    };
    const key = endpoint.key();
    const answer = await upload(key, { corrupt });
    expect(answer.status).toBe(403);
    expect(errorCode(answer)).toBe('SignatureDoesNotMatch');
    expect((await refusal(head(key))).status).toBe(404);
  });

  it('that hold less or more than announced are refused', async () => {
    for (const length of [bytes + 1, bytes - 1]) {
      const answer = await upload(endpoint.key(), { length });
      expect(answer.status).toBe(400);
    }
  });
});
