import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type ServiceInputTypes,
  type ServiceOutputTypes,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode, rawRequest, send } from './rawRequest.ts';
import { contractEndpoint, getText, listKeys, newClient, present, put, refusal } from './support.ts';
import { TestUpload } from './uploads.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;

describe('signed headers', () => {
  const list = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
    newClient({ ...endpoint, url: endpoint.url, credentials }).send(
      new ListObjectsV2Command({ Bucket, MaxKeys: 1 }),
    );

  it('with an unknown key: InvalidAccessKeyId', async () => {
    const attempt = list({ ...endpoint.credentials, accessKeyId: 'AKIANOBODYKNOWSTHIS' });
    expect(await refusal(attempt)).toEqual({ status: 403, code: 'InvalidAccessKeyId' });
  });

  it('with the wrong secret: SignatureDoesNotMatch', async () => {
    const attempt = list({ ...endpoint.credentials, secretAccessKey: 'wrong' });
    expect(await refusal(attempt)).toEqual({ status: 403, code: 'SignatureDoesNotMatch' });
  });

  it('none at all: AccessDenied, and nothing is written', async () => {
    const key = endpoint.key();
    const url = new URL(endpoint.url);
    const answer = await send(`/${Bucket}/${key}`, url, 'PUT', { host: url.host }, Buffer.from('x'));
    expect(answer.status).toBe(403);
    expect(errorCode(answer)).toBe('AccessDenied');
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('changed on the way: SignatureDoesNotMatch', async () => {
    const request = { method: 'PUT', path: `/${Bucket}/${endpoint.key()}`, body: 'x' };
    const changed = await rawRequest(endpoint, {
      ...request,
      headers: { 'x-amz-meta-a': '1' },
      tamper: (headers) => {
        headers['x-amz-meta-a'] = '2';
      },
    });
    expect(errorCode(changed)).toBe('SignatureDoesNotMatch');
    const added = await rawRequest(endpoint, {
      ...request,
      tamper: (headers) => {
        headers['x-amz-meta-a'] = '2';
      },
    });
    expect(added.status).toBe(403);
  });

  it('a quarter of an hour too old or too early: RequestTimeTooSkewed', async () => {
    for (const minutes of [-16, 16]) {
      const date = new Date(Date.now() + minutes * 60_000);
      const answer = await rawRequest(endpoint, { method: 'GET', path: `/${Bucket}/x`, date });
      expect(answer.status).toBe(403);
      expect(errorCode(answer)).toBe('RequestTimeTooSkewed');
    }
  });

  it('spaces around and inside of values are as documented: trimmed, and folded to one', async () => {
    const key = endpoint.key();
    const answer = await rawRequest(endpoint, {
      method: 'PUT',
      path: `/${Bucket}/${key}`,
      headers: { 'x-amz-meta-spaced': 'a b' },
      body: 'x',
      tamper: (headers) => {
        headers['x-amz-meta-spaced'] = '  a   b ';
      },
    });
    expect(answer.status).toBe(200);
  });

  it('cover queries with odd characters', async () => {
    const Prefix = `${endpoint.prefix}ä +&=/~*'(!)`;
    await put(endpoint, `${Prefix}1`);
    expect(await listKeys(endpoint, Prefix)).toEqual([`${Prefix}1`]);
  });

  it('for another region are refused', async () => {
    const client = newClient({ ...endpoint, url: endpoint.url, region: 'eu-north-1' });
    const { status } = await refusal(client.send(new ListObjectsV2Command({ Bucket })));
    expect([301, 400, 403]).toContain(status);
  });
});

describe('presigned URLs', () => {
  // With the default, the SDK signs the checksum of an empty body into the URL of a write.
  let signer: S3Client;
  beforeAll(() => {
    signer = new S3Client({
      endpoint: endpoint.url,
      region: endpoint.region,
      credentials: endpoint.credentials,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
  });
  afterAll(() => signer.destroy());

  function sign<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: Parameters<typeof getSignedUrl<ServiceInputTypes, Input, Output>>[1],
    { expiresIn = 60, signingDate = new Date() } = {},
  ): Promise<string> {
    return getSignedUrl(signer, command, { expiresIn, signingDate });
  }

  it('read an object', async () => {
    const key = endpoint.key('a b+c é');
    await put(endpoint, key, 'presigned');
    const answer = await fetch(await sign(new GetObjectCommand({ Bucket, Key: key })));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('presigned');
  });

  it('carry response overrides', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'x');
    const command = new GetObjectCommand({
      Bucket,
      Key: key,
      ResponseContentDisposition: 'attachment; filename="a b.mp4"',
    });
    const answer = await fetch(await sign(command));
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="a b.mp4"');
    await answer.text();
  });

  it('write an object, with the metadata that was signed', async () => {
    const key = endpoint.key();
    const url = await sign(new PutObjectCommand({ Bucket, Key: key, Metadata: { a: '1' } }));
    expect((await fetch(url, { method: 'PUT', body: 'written' })).status).toBe(200);
    expect(await getText(endpoint, key)).toBe('written');
    const head = await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
    expect(head.Metadata).toEqual({ a: '1' });
  });

  it('upload parts', async () => {
    const upload = await TestUpload.create(endpoint);
    const url = await sign(new UploadPartCommand({ ...upload.target, PartNumber: 1 }));
    const answer = await fetch(url, { method: 'PUT', body: 'part' });
    await upload.complete([{ PartNumber: 1, ETag: present(answer.headers.get('etag')) }]);
    expect(await getText(endpoint, upload.key)).toBe('part');
  });

  it('create uploads, head and delete objects', async () => {
    const key = endpoint.key();
    const create = await sign(new CreateMultipartUploadCommand({ Bucket, Key: key }));
    expect(await (await fetch(create, { method: 'POST' })).text()).toContain('<UploadId>');
    await put(endpoint, key);
    const head = await sign(new HeadObjectCommand({ Bucket, Key: key }));
    expect((await fetch(head, { method: 'HEAD' })).status).toBe(200);
    const remove = await sign(new DeleteObjectCommand({ Bucket, Key: key }));
    expect((await fetch(remove, { method: 'DELETE' })).status).toBe(204);
    expect(await listKeys(endpoint, key)).toEqual([]);
  });

  it('expire', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    const past = new Date(Date.now() - 120_000);
    const answer = await fetch(await sign(new GetObjectCommand({ Bucket, Key: key }), { signingDate: past }));
    expect(answer.status).toBe(403);
    const body = await answer.text();
    expect(body).toContain('<Code>AccessDenied</Code>');
    expect(body).toContain('<Message>Request has expired</Message>');
  });

  it('are for one key and one method', async () => {
    const [key, other] = [endpoint.key(), endpoint.key()];
    await put(endpoint, key);
    await put(endpoint, other);
    const url = await sign(new GetObjectCommand({ Bucket, Key: key }));
    const moved = await fetch(
      url.replace(key.split('/').slice(1).join('/'), other.split('/').slice(1).join('/')),
    );
    expect(moved.status).toBe(403);
    expect(await moved.text()).toContain('<Code>SignatureDoesNotMatch</Code>');
    const put2 = await fetch(url, { method: 'PUT', body: 'x' });
    expect(put2.status).toBe(403);
    await put2.text();
  });

  it('are for one range, where its header is signed', async () => {
    const key = endpoint.key();
    await put(endpoint, key, '0123456789');
    const url = await sign(new GetObjectCommand({ Bucket, Key: key, Range: 'bytes=2-4' }));
    const answer = await fetch(url, { headers: { range: 'bytes=2-4' } });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe('234');
    for (const headers of [{}, { range: 'bytes=2-5' }, { range: 'bytes=1-4' }, { range: 'bytes=2-' }]) {
      const other = await fetch(url, { headers: new Headers(headers as Record<string, string>) });
      expect(other.status).toBe(403);
      expect(await other.text()).toContain('<Code>SignatureDoesNotMatch</Code>');
    }
  });

  it('with a changed or an added parameter are refused', async () => {
    const key = endpoint.key();
    await put(endpoint, key);
    const url = await sign(new GetObjectCommand({ Bucket, Key: key }));
    for (const changed of [
      url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'),
      `${url}&response-content-type=a`,
    ]) {
      const answer = await fetch(changed);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('<Code>SignatureDoesNotMatch</Code>');
    }
  });

  it('do not allow headers that were not signed to mean something', async () => {
    const key = endpoint.key();
    const url = await sign(new PutObjectCommand({ Bucket, Key: key }));
    const answer = await fetch(url, { method: 'PUT', body: 'x', headers: { 'x-amz-meta-a': '1' } });
    expect(answer.status).toBe(403);
    await answer.text();
  });

  it('that lack a parameter, or live longer than a week, are refused', async () => {
    const url = await sign(new GetObjectCommand({ Bucket, Key: endpoint.key() }));
    for (const bad of [
      url.replace(/&X-Amz-Date=[^&]*/, ''),
      url.replace('X-Amz-Expires=60', 'X-Amz-Expires=604801'),
    ]) {
      const answer = await fetch(bad);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain('<Code>AuthorizationQueryParametersError</Code>');
    }
  });
});
