import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { startS3Server } from '../../../../infra/emulators/s3/server.ts';
import { BUCKET as Bucket, CREDENTIALS, clientOf, start, startProcess, temporaryFolder } from './support.ts';

describe('startS3Server', () => {
  it('is rejected with EADDRINUSE where the port is taken, and the folder stays free', async () => {
    const { server } = await start();
    const port = Number(new URL(server.url).port);
    const dataDir = temporaryFolder();
    await expect(start({ port, dataDir })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await start({ dataDir });
  });

  it('makes the buckets that it is given, once', async () => {
    const dataDir = temporaryFolder();
    for (let round = 0; round < 2; round += 1) {
      const { server, client } = await start({ dataDir, buckets: ['landing', 'library'] });
      const { Buckets } = await client.send(new ListBucketsCommand({}));
      expect(Buckets?.map(({ Name }) => Name)).toEqual(['landing', 'library']);
      await server.close();
    }
  });

  it('refuses a bucket name that S3 would refuse', async () => {
    await expect(start({ buckets: ['No_Bucket'] })).rejects.toMatchObject({ code: 'InvalidBucketName' });
  });

  it('listens on the host that it is given', async () => {
    const server = await startS3Server({
      dataDir: temporaryFolder(),
      credentials: CREDENTIALS,
      host: '127.0.0.2',
      buckets: [Bucket],
    });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/);
    await clientOf(server.url).send(new HeadBucketCommand({ Bucket }));
    await server.close();
  });

  it('answers over connections that others have taken, and ends them with itself', async () => {
    const { server } = await start();
    const front = createServer((connection) => server.serve(connection)).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const client = clientOf(`http://127.0.0.1:${(front.address() as AddressInfo).port}`);
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    expect(await Body?.transformToString()).toBe('x');
    await server.close();
    // It waits for its connections.
    front.close();
    await once(front, 'close');
  });

  it('closes while requests are under way, and can be closed again', async () => {
    const { server, client, dataDir } = await start();
    server.faults.add({ service: 's3', action: { kind: 'delay', delayMs: 50 } });
    const attempt = client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    const outcome = attempt.then(
      () => 'stored',
      () => 'broken off',
    );
    await new Promise(setImmediate);
    await Promise.all([server.close(), server.close()]);
    expect(['stored', 'broken off']).toContain(await outcome);
    await start({ dataDir });
  });

  it('in a process of its own ends at SIGTERM and gives the folder back', async () => {
    const dataDir = temporaryFolder();
    const child = await startProcess(dataDir);
    await child.kill('SIGTERM');
    await start({ dataDir });
  });

  it('answers a client that waits for 100 Continue', async () => {
    const { server } = await start();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(`PUT /${Bucket}/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`);
    // Unsigned, so it is refused before the body is asked for, and the connection ends.
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 403 /);
    expect(data.toString().toLowerCase()).toContain('connection: close');
    socket.destroy();
  });
});

describe('CreateBucket', () => {
  it('makes a bucket; making it again is no error in us-east-1', async () => {
    const { client } = await start();
    await client.send(new CreateBucketCommand({ Bucket: 'another' }));
    await client.send(new CreateBucketCommand({ Bucket: 'another' }));
    await client.send(new HeadBucketCommand({ Bucket: 'another' }));
  });

  it('refuses bad names and other regions', async () => {
    const { client } = await start();
    const make = (name: string, LocationConstraint?: 'eu-west-1') =>
      client.send(
        new CreateBucketCommand({
          Bucket: name,
          ...(LocationConstraint && { CreateBucketConfiguration: { LocationConstraint } }),
        }),
      );
    await expect(make('ab')).rejects.toMatchObject({ name: 'InvalidBucketName' });
    await expect(make('1.2.3.4')).rejects.toMatchObject({ name: 'InvalidBucketName' });
    await expect(make('elsewhere', 'eu-west-1')).rejects.toMatchObject({
      name: 'IllegalLocationConstraintException',
    });
  });
});

describe('what is not offered is refused, never ignored', () => {
  const notOffered = { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } };

  it.each([
    new ListObjectsCommand({ Bucket }),
    new ListObjectVersionsCommand({ Bucket }),
    new GetBucketPolicyCommand({ Bucket }),
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    new PutObjectAclCommand({ Bucket, Key: 'a', ACL: 'private' }),
    new GetObjectAttributesCommand({ Bucket, Key: 'a', ObjectAttributes: ['ETag'] }),
    new GetObjectCommand({ Bucket, Key: 'a', VersionId: 'v' }),
    new GetObjectCommand({ Bucket, Key: 'a', PartNumber: 1 }),
    new DeleteObjectCommand({ Bucket, Key: 'a', VersionId: 'v', IfMatch: '"x"' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ACL: 'public-read' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', StorageClass: 'GLACIER' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ServerSideEncryption: 'aws:kms' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ObjectLockLegalHoldStatus: 'ON' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', WebsiteRedirectLocation: '/x' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ExpectedBucketOwner: '123456789012' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', IfNoneMatch: '"etag"' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', IfMatch: '*' }),
    new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', IfMatch: '"x"', IfNoneMatch: '*' }),
  ])('$constructor.name with $input', async (command) => {
    const { client } = await start();
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'old' }));
    await expect(client.send(command as PutObjectCommand)).rejects.toMatchObject(notOffered);
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    expect(await Body?.transformToString()).toBe('old');
  });
});
