import { Readable } from 'node:stream';
import { GetObjectCommand, type S3ClientConfig, UploadPartCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { BodyInPieces } from '../../../functions/aws/slices.ts';
import { rescuerS3Client } from '../../../functions/mending/s3Client.ts';

type Headers = Readonly<Record<string, string>>;

function client() {
  const sent: Headers[] = [];
  const requestHandler = {
    handle: async ({ headers }: { readonly headers: Headers }) => {
      sent.push(headers);
      return { response: { statusCode: 200, headers: { etag: '"e"' }, body: Readable.from([]) } };
    },
  } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const endpoint = 'https://s3.example';
  return { s3: rescuerS3Client({ requestHandler, credentials, endpoint, region: 'eu-west-1' }), sent };
}

it('asks for no checksum of what it reads, and sends none with it', async () => {
  const { s3, sent } = client();
  await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
  const names = sent.flatMap((headers) => Object.keys(headers));
  expect(names).toContain('authorization');
  expect(names.filter((name) => name.startsWith('x-amz-checksum'))).toEqual([]);
});

it('sends bytes where they lie, with their length and their own checksum, and does not sign them', async () => {
  const { s3, sent } = client();
  const body = new BodyInPieces([Buffer.alloc(3), Buffer.alloc(4)]);
  await s3.send(
    new UploadPartCommand({
      ...{ Bucket: 'b', Key: 'k', UploadId: 'u', PartNumber: 1, ContentLength: body.byteLength },
      ...{ Body: body as unknown as Readable, ChecksumCRC32: 'AAAAAA==' },
    }),
  );
  expect(sent).toEqual([
    expect.objectContaining({
      'content-length': '7',
      'x-amz-checksum-crc32': 'AAAAAA==',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    }),
  ]);
});
