import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import { PutObjectCommand, type S3ClientConfig, UploadPartCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { BodyInPieces } from '../../../functions/aws/slices.ts';
import { crc32ToBase64 } from '../../../functions/core/upload/crc32.ts';

interface Request {
  readonly method: string;
  readonly body: Buffer | Readable;
  readonly headers: Readonly<Record<string, string>>;
}

interface Sent {
  readonly request: Request;
  readonly bytes: Buffer;
}

const MEDIA = Buffer.alloc(700_000, 'no slice is like another: ');
const ChecksumCRC32 = crc32ToBase64(crc32(MEDIA));
const part = { Bucket: 'b', Key: 'k', UploadId: 'u', PartNumber: 1, ContentLength: MEDIA.length };
const uploadPart = (body: Buffer | BodyInPieces) =>
  new UploadPartCommand({ ...part, Body: body as Buffer, ChecksumCRC32 });

/** @param statusCodes of the first answer, the second, …; the last one again and again */
function client(protocol: string, statusCodes: readonly number[] = [200]) {
  const sent: Sent[] = [];
  const requestHandler = {
    handle: async (request: Request) => {
      const bytes = request.body instanceof Readable ? await buffer(request.body) : request.body;
      sent.push({ request, bytes });
      const statusCode = statusCodes[sent.length - 1] ?? statusCodes.at(-1) ?? 200;
      return { response: { statusCode, headers: { etag: '"e"' }, body: Readable.from([]) } };
    },
  } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const endpoint = `${protocol}://s3.example`;
  const log = new Logger({ logLevel: 'SILENT' });
  return { s3: recorderS3Client(log, { requestHandler, credentials, endpoint, region: 'eu-west-1' }), sent };
}

it('sends a large body over TLS in slices, all of it, with its length', async () => {
  const { s3, sent } = client('https');
  await s3.send(uploadPart(MEDIA));
  const [{ request, bytes }] = sent as [Sent];
  expect(request.body).toBeInstanceOf(Readable);
  expect((request.body as Readable).readableHighWaterMark).toBeLessThan(MEDIA.length / 2);
  expect(request.headers['content-length']).toBe(String(MEDIA.length));
  expect(bytes.equals(MEDIA)).toBe(true);
});

it('sends the journal in slices, too, which goes the short way', async () => {
  const { s3, sent } = client('https');
  const put = () => s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'j', Body: MEDIA, ChecksumCRC32 }));
  await put();
  await put();
  expect(sent.map(({ request }) => request.body instanceof Readable)).toEqual([true, true]);
  expect(sent.every(({ bytes }) => bytes.equals(MEDIA))).toBe(true);
});

it('begins anew with a try that is repeated', async () => {
  const { s3, sent } = client('https', [503, 200]);
  await s3.send(uploadPart(MEDIA));
  expect(sent.map(({ bytes }) => bytes.equals(MEDIA))).toEqual([true, true]);
});

it.each(['https', 'http'])(
  'sends a body that lies in pieces over %s, also when it is repeated',
  async (protocol) => {
    const { s3, sent } = client(protocol, [503, 200]);
    const body = new BodyInPieces([MEDIA.subarray(0, 300_000), MEDIA.subarray(300_000)]);
    await s3.send(uploadPart(body));
    expect(sent.map(({ bytes }) => bytes.equals(MEDIA))).toEqual([true, true]);
    for (const { request } of sent) {
      expect((request.body as Readable).readableHighWaterMark).toBeLessThan(MEDIA.length / 2);
      expect(request.headers['content-length']).toBe(String(MEDIA.length));
      expect(request.headers['x-amz-checksum-crc32']).toBe(ChecksumCRC32);
    }
  },
);

it('sends whole what is small, or goes without TLS', async () => {
  const [secure, plain] = [client('https'), client('http')];
  const small = Buffer.from('media');
  await secure.s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: small }));
  await plain.s3.send(uploadPart(MEDIA));
  expect(secure.sent[0]?.request.body).toBe(small);
  expect(plain.sent[0]?.request.body).toBe(MEDIA);
});
