import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createServer } from 'node:tls';
import { crc32 } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recorderS3Client } from '../../../container/upload/s3Client.ts';
import { BodyInPieces } from '../../../functions/aws/slices.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import { crc32ToBase64 } from '../../../functions/core/upload/crc32.ts';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';
import { selfSignedPair } from '../../../infra/local/certificate.ts';

const log = new Logger({ logLevel: 'SILENT' });
const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
const BUCKET = 'landing';

describe('the short way to S3, to one that checks signatures', () => {
  let folder: string;
  let server: S3Server;
  const seen: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'short-way-'));
    server = await startS3Server({ dataDir: folder, credentials, buckets: [BUCKET] });
    const hit = server.faults.hit.bind(server.faults);
    server.faults.hit = (call) => {
      seen.push(call.operation);
      return hit(call);
    };
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  it('finds, misses and writes objects whose keys have any characters', async () => {
    const config = { endpoint: server.url, region: 'us-east-1', credentials, forcePathStyle: true };
    const s3 = recorderS3Client(log, config);
    const store = new StateStore(s3, BUCKET);
    expect(await store.etag('first')).toBeUndefined();
    for (const key of ["a/b c/ü+%41!'()*", 'a/plain']) {
      expect(await store.etag(key)).toBeUndefined();
      const body = Buffer.from(`what ${key} has`);
      const put = await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(body);
      const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }));
      expect(head).toMatchObject({ ETag: put.ETag, ContentLength: body.length });
    }
    // Each was signed well: none was asked again.
    const each = ['HeadObject', 'PutObject', 'GetObject', 'HeadObject'];
    expect(seen).toEqual(['HeadObject', ...each, ...each]);
  });

  it('uploads S3 parts over TLS, whose pieces are not put together, to be made one object', async () => {
    const { certificate, key } = await selfSignedPair(folder);
    const tls = createServer({ cert: certificate, key }, (connection) => server.serve(connection));
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const httpsAgent = new Agent({ ca: certificate, keepAlive: true });
    const endpoint = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
    const requestHandler = { httpsAgent };
    const s3 = recorderS3Client(log, {
      ...{ endpoint, region: 'us-east-1', credentials, forcePathStyle: true },
      requestHandler,
    });
    seen.length = 0;
    const where = { Bucket: BUCKET, Key: 'of parts/ü' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(where));
    const pieces = ['a', 'b', 'c'].map((letter) => Buffer.alloc(2 * 1024 * 1024, letter));
    const Parts = [];
    for (const PartNumber of [1, 2]) {
      const Body = new BodyInPieces(pieces) as unknown as Buffer;
      const part = { ...where, UploadId, PartNumber, ContentLength: 3 * 2 * 1024 * 1024 };
      const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body }));
      Parts.push({ PartNumber, ETag });
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } }));
    const { Body } = await s3.send(new GetObjectCommand(where));
    const written = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect(written.equals(Buffer.concat([...pieces, ...pieces]))).toBe(true);
    // Each was signed well: none was asked again.
    const all = ['CreateMultipartUpload', 'UploadPart', 'UploadPart', 'CompleteMultipartUpload', 'GetObject'];
    expect(seen).toEqual(all);
    httpsAgent.destroy();
    await new Promise((resolve) => tls.close(resolve));
  });
});

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

describe('the short way to S3', () => {
  const isShort = ({ headers }: Sent): boolean => !('amz-sdk-invocation-id' in headers);

  /** @param answer status of what is asked the short way; undefined: it never comes. It `hangs`: its body never ends */
  function client(answer: number | undefined, { hangs = false } = {}) {
    const sent: Sent[] = [];
    const requestHandler = {
      handle: async (request: Sent, { abortSignal }: { readonly abortSignal?: AbortSignal } = {}) => {
        sent.push(request);
        const statusCode = isShort(request) ? answer : 200;
        if (statusCode === undefined)
          await new Promise((_, reject) => abortSignal?.addEventListener('abort', reject));
        const body = isShort(request) && hangs ? new Readable({ read: () => undefined }) : Readable.from([]);
        return { response: { statusCode, headers: { etag: '"e"' }, body } };
      },
    } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
    const s3 = recorderS3Client(log, {
      requestHandler,
      credentials,
      endpoint: 'https://s3.example',
      region: 'r',
    });
    const head = () => s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'k' }));
    return { s3, sent, head };
  }

  it('is taken once the first request has shown where the bucket is', async () => {
    const { sent, head } = client(200);
    await head();
    expect((await head()).ETag).toBe('"e"');
    expect(sent.map(isShort)).toEqual([false, true]);
    expect(sent[1]?.headers.host).toBe(sent[0]?.headers.host);
  });

  it('is that of S3 parts, too, over TLS', async () => {
    const { s3, sent, head } = client(200);
    await head();
    const Body = new BodyInPieces([Buffer.from('in'), Buffer.from(' pieces')]) as unknown as Buffer;
    const part = { Bucket: BUCKET, Key: 'k', UploadId: 'u', PartNumber: 7, ContentLength: 9 };
    expect((await s3.send(new UploadPartCommand({ ...part, Body }))).ETag).toBe('"e"');
    expect(sent.map(isShort)).toEqual([false, true]);
    const [, { query = {}, headers = {} } = {}] = sent;
    expect(query).toMatchObject({ uploadId: 'u', partNumber: '7' });
    const checksum = crc32ToBase64(crc32(Buffer.from('in pieces')));
    expect(headers).toMatchObject({ 'content-length': '9', 'x-amz-checksum-crc32': checksum });
  });

  it.each([301, 403, 500, 503])('is followed by the long one where S3 answers %i', async (status) => {
    const { sent, head } = client(status);
    await head();
    expect((await head()).ETag).toBe('"e"');
    expect(sent.map(isShort)).toEqual([false, true, false]);
  });

  it('is not for what has conditions', async () => {
    const { s3, sent, head } = client(200);
    await head();
    await s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: Buffer.from('b'), IfNoneMatch: '*' }),
    );
    expect(sent.map(isShort)).toEqual([false, false]);
  });

  it.each([
    ['before there is an answer', undefined, false],
    ['while the answer does not end', 200, true],
  ])('ends when the caller gives up %s, and is not followed by another', async (_, answer, hangs) => {
    const { s3, sent, head } = client(answer, { hangs });
    await head();
    const controller = new AbortController();
    const put = s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: Buffer.from('b') }), {
      abortSignal: controller.signal,
    });
    const ended = expect(put).rejects.toThrow('aborted');
    await expect.poll(() => sent.length).toBe(2);
    controller.abort();
    await ended;
    expect(sent.map(isShort)).toEqual([false, true]);
  });
});
