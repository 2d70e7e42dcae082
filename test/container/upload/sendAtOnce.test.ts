import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@aws-lambda-powertools/logger';
import { NoSuchUpload, UploadPartCommand } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { crc32ToBase64 } from '../../../functions/core/upload/crc32.ts';

/** More than the kernel takes from whoever is not read, and more than the SDK sends without asking. */
const MEDIA = Buffer.alloc(8 * 1024 * 1024);
const part = { Bucket: 'b', Key: 'k', UploadId: 'u', PartNumber: 1, ContentLength: MEDIA.length };
const upload = () => new UploadPartCommand({ ...part, Body: MEDIA, ChecksumCRC32: crc32ToBase64(0) });

/** @param onContinue whom a client asks for leave */
async function storage(answer: RequestListener, onContinue: RequestListener = answer) {
  let connections = 0;
  const server = createServer(answer).on('checkContinue', onContinue);
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const s3 = recorderS3Client(new Logger({ logLevel: 'SILENT' }), {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forcePathStyle: true,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  });
  onTestFinished(() => {
    s3.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { s3, connections: () => connections };
}

it('sends S3 part after S3 part over one connection', async () => {
  const { s3, connections } = await storage((request, response) => {
    request.resume().once('end', () => response.setHeader('etag', '"e"').end());
  });
  for (let count = 0; count < 3; count++) await s3.send(upload());
  expect(connections()).toBe(1);
});

it('hears why S3 refuses what it does not read, though it hangs up', async () => {
  const hangUp: RequestListener = (request) => request.socket.resetAndDestroy();
  const { s3 } = await storage(hangUp, (_request, response) => {
    response.statusCode = 404;
    response.end('<Error><Code>NoSuchUpload</Code></Error>');
  });
  const refused = s3.send(upload()).catch((error: unknown) => error);
  expect(await refused).toMatchObject({ name: NoSuchUpload.name });
});
