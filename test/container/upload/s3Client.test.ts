import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  CompleteMultipartUploadCommand,
  PutObjectCommand,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it, vi } from 'vitest';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { crc32ToBase64 } from '../../../functions/core/upload/crc32.ts';

interface Sent {
  readonly body: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** What goes over the wire, and an answer. */
function client(protocol: string, statusCode = 200) {
  const sent: Sent[] = [];
  const log = new Logger({ logLevel: 'SILENT' });
  const requestHandler = {
    handle: async (request: Sent) => {
      sent.push(request);
      return {
        response: { statusCode, headers: { etag: '"e"' }, body: Readable.from([Buffer.from(ANSWER)]) },
      };
    },
  } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const endpoint = `${protocol}://s3.example`;
  const s3 = recorderS3Client(log, { requestHandler, credentials, endpoint, region: 'eu-west-1' });
  return { s3, sent, log };
}

/** Of CompleteMultipartUpload; the other calls need none. */
const ANSWER = '<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>';
const MEDIA = Buffer.from('media');
const part = { Bucket: 'b', Key: 'k', UploadId: 'u', PartNumber: 1, ContentLength: MEDIA.length };
const ChecksumCRC32 = crc32ToBase64(crc32(MEDIA));

describe("the recorder's S3", () => {
  it.each([
    ['an S3 part', new UploadPartCommand({ ...part, Body: MEDIA, ChecksumCRC32 })],
    ['a tail, whose checksum the SDK makes', new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: MEDIA })],
  ])('sends %s over TLS with its CRC-32 in a signed header, without a SHA-256', async (_name, command) => {
    const { s3, sent } = client('https');
    await s3.send(command as PutObjectCommand);
    expect(sent[0]?.headers).toMatchObject({
      'x-amz-checksum-crc32': ChecksumCRC32,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      authorization: expect.stringMatching(/SignedHeaders=[^,]*;x-amz-checksum-crc32;/),
    });
  });

  it.each([
    ['media without TLS', 'http', new UploadPartCommand({ ...part, Body: MEDIA, ChecksumCRC32 })],
    [
      "the list of S3 parts, whose checksum is another object's",
      'https',
      new CompleteMultipartUploadCommand({
        Bucket: 'b',
        Key: 'k',
        UploadId: 'u',
        ChecksumCRC32,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"e"' }] },
      }),
    ],
  ] as const)('signs the SHA-256 of %s', async (_name, protocol, command) => {
    const { s3, sent } = client(protocol);
    await s3.send(command as UploadPartCommand);
    const sha256 = createHash('sha256')
      .update(sent[0]?.body ?? '')
      .digest('hex');
    expect(sent[0]?.headers['x-amz-content-sha256']).toBe(sha256);
  });

  it('writes nothing to the console', async () => {
    const { s3, log } = client('https', 503);
    const console = vi.spyOn(globalThis.console, 'warn');
    const debug = vi.spyOn(log, 'debug');
    const upload = s3.send(new UploadPartCommand({ ...part, Body: Readable.from([MEDIA]), ChecksumCRC32 }));
    await expect(upload).rejects.toThrow();
    expect(debug).toHaveBeenCalledOnce();
    expect(console).not.toHaveBeenCalled();
  });
});
