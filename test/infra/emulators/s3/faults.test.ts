import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { FaultAction, FaultRule } from '../../../../infra/emulators/shared/faults.ts';
import { BUCKET as Bucket, clientOf, start } from './support.ts';

const put = (client: S3Client, Key: string, Body: string | Buffer = 'body') =>
  client.send(new PutObjectCommand({ Bucket, Key, Body }));

async function keysOf(client: S3Client): Promise<(string | undefined)[]> {
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
  return (Contents ?? []).map(({ Key }) => Key);
}

function rule(operation: string, action: FaultAction, more: Partial<FaultRule> = {}): FaultRule {
  return { service: 's3', operation, action, ...more };
}

async function failure(
  attempt: Promise<unknown>,
): Promise<Error & { $metadata?: { httpStatusCode?: number } }> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('The call was carried out and answered.');
  return outcome;
}

describe('fail', () => {
  it('answers with the error and carries nothing out', async () => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'fail', status: 409, code: 'ConditionalRequestConflict' }));
    const error = await failure(put(client, 'a'));
    expect(error).toMatchObject({ name: 'ConditionalRequestConflict', $metadata: { httpStatusCode: 409 } });
    expect(await keysOf(client)).toEqual([]);
    await put(client, 'a');
    expect(await keysOf(client)).toEqual(['a']);
  });

  it('hits the n-th matching call, so many times, for the keys that match', async () => {
    const { server, client } = await start();
    const action = { kind: 'fail', status: 500, code: 'InternalError' } as const;
    server.faults.add(rule('PutObject', action, { match: '^landing/state/', nth: 2, times: 2 }));
    await put(client, 'other');
    const outcomes: boolean[] = [];
    for (const key of ['state/1', 'state/2', 'other', 'state/3', 'state/4'])
      outcomes.push(
        await put(client, key).then(
          () => true,
          () => false,
        ),
      );
    expect(outcomes).toEqual([true, false, true, false, true]);
  });

  it('with a body that the client is still sending leaves the connection in order', async () => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'fail', status: 503, code: 'ServiceUnavailable' }));
    const error = await failure(put(client, 'big', Buffer.alloc(20_000_000)));
    expect(error.$metadata?.httpStatusCode).toBe(503);
    await put(client, 'next');
    expect(await keysOf(client)).toEqual(['next']);
  });
});

describe('throttle', () => {
  it('answers SlowDown, which the SDK tries again', async () => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'throttle' }, { times: 2 }));
    expect(await failure(put(client, 'a'))).toMatchObject({
      name: 'SlowDown',
      $metadata: { httpStatusCode: 503 },
    });
    const { $metadata } = await put(clientOf(server.url, 3), 'a');
    expect($metadata.attempts).toBe(2);
  });
});

describe('delay', () => {
  it('carries the call out after a time; others do not wait for it', async () => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'delay', delayMs: 300 }, { match: '/slow$' }));
    const order: string[] = [];
    await Promise.all(
      ['slow', 'fast'].map(async (key) => {
        await put(client, key);
        order.push(key);
      }),
    );
    expect(order).toEqual(['fast', 'slow']);
  });
});

describe('dropAnswer', () => {
  it('carries the write out and breaks the connection', async () => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'dropAnswer' }));
    expect((await failure(put(client, 'a'))).$metadata?.httpStatusCode).toBeUndefined();
    expect(await keysOf(client)).toEqual(['a']);
  });

  it('lets a retried conditional write find its own first attempt', async () => {
    const { server } = await start();
    server.faults.add(rule('PutObject', { kind: 'dropAnswer' }));
    const retrying = clientOf(server.url, 3);
    const attempt = retrying.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', IfNoneMatch: '*' }));
    expect((await failure(attempt)).name).toBe('PreconditionFailed');
  });

  it('of a completion: the retried one is answered as the first would have been', async () => {
    const { server } = await start();
    const client = clientOf(server.url, 3);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a' }));
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key: 'a', UploadId, PartNumber: 1, Body: Buffer.from('x') }),
    );
    server.faults.add(rule('CompleteMultipartUpload', { kind: 'dropAnswer' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const answer = await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key: 'a', UploadId, MultipartUpload, IfNoneMatch: '*' }),
    );
    expect(answer.$metadata.attempts).toBe(2);
    expect(answer.ETag).toMatch(/-1"$/);
  });

  it('works for reads and deletions too', async () => {
    const { server, client } = await start();
    await put(client, 'a');
    server.faults.add(
      rule('HeadObject', { kind: 'dropAnswer' }),
      rule('DeleteObject', { kind: 'dropAnswer' }),
    );
    await failure(client.send(new HeadObjectCommand({ Bucket, Key: 'a' })));
    await failure(client.send(new DeleteObjectCommand({ Bucket, Key: 'a' })));
    expect(await keysOf(client)).toEqual([]);
  });
});

describe('resetMidBody', () => {
  it('of a write breaks the connection and stores nothing', async () => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'resetMidBody', afterBytes: 100_000 }, { times: 2 }));
    expect(
      (await failure(put(client, 'a', Buffer.alloc(5_000_000)))).$metadata?.httpStatusCode,
    ).toBeUndefined();
    // Also when the body is shorter than that.
    expect((await failure(put(client, 'a', 'short'))).$metadata?.httpStatusCode).toBeUndefined();
    expect(await keysOf(client)).toEqual([]);
  });

  it('of a part keeps the part of before', async () => {
    const { server, client } = await start();
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a' }));
    const part = (Body: Buffer) =>
      client.send(new UploadPartCommand({ Bucket, Key: 'a', UploadId, PartNumber: 1, Body }));
    const { ETag } = await part(Buffer.from('first'));
    server.faults.add(rule('UploadPart', { kind: 'resetMidBody', afterBytes: 10 }));
    await failure(part(Buffer.alloc(1_000_000)));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'a', UploadId, MultipartUpload }));
    expect(await keysOf(client)).toEqual(['a']);
  });

  it('of a read sends so many bytes and breaks the connection', async () => {
    const { server, client } = await start();
    await put(client, 'a', Buffer.alloc(3_000_000, 'x'));
    server.faults.add(rule('GetObject', { kind: 'resetMidBody', afterBytes: 100_000 }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of Body as AsyncIterable<Uint8Array>) bytes += chunk.length;
    })();
    await failure(reading);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(100_000);
  });

  it('of a deletion carries nothing out', async () => {
    const { server, client } = await start();
    await put(client, 'a');
    server.faults.add(rule('DeleteObject', { kind: 'resetMidBody', afterBytes: 0 }));
    await failure(client.send(new DeleteObjectCommand({ Bucket, Key: 'a' })));
    expect(await keysOf(client)).toEqual(['a']);
  });
});

describe('vanish', () => {
  it('breaks every connection and takes no new one for a time; then all is as before', async () => {
    const { server, client } = await start();
    await put(client, 'a');
    server.faults.add(rule('PutObject', { kind: 'vanish', durationMs: 400 }));
    const beganAtMs = performance.now();
    const error = await failure(put(client, 'b'));
    expect(error.$metadata?.httpStatusCode).toBeUndefined();
    await expect.poll(() => keysOf(client).catch(() => undefined)).toEqual(['a']);
    expect(performance.now() - beganAtMs).toBeGreaterThan(395);
  });
});

describe('rules over HTTP', () => {
  const send = (url: string, method: string, body?: string) =>
    fetch(`${url}/_faults`, { method, ...(body !== undefined && { body }) });

  it('PUT replaces all rules, DELETE ends them', async () => {
    const { server, client } = await start();
    const fails = (operation: string) =>
      JSON.stringify([rule(operation, { kind: 'fail', status: 500, code: 'InternalError' }, { times: 100 })]);
    expect((await send(server.url, 'PUT', fails('PutObject'))).status).toBe(204);
    await failure(put(client, 'a'));
    await send(server.url, 'PUT', fails('DeleteObject'));
    await put(client, 'a');
    await failure(client.send(new DeleteObjectCommand({ Bucket, Key: 'a' })));
    expect((await send(server.url, 'DELETE')).status).toBe(204);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  });

  it.each([
    '{}',
    'no JSON',
    '[{"service":"s3"}]',
    '[{"service":"s3","match":"(","action":{"kind":"throttle"}}]',
  ])('%j is refused, and the old rules stay', async (body) => {
    const { server, client } = await start();
    server.faults.add(rule('PutObject', { kind: 'throttle' }));
    expect((await send(server.url, 'PUT', body)).status).toBe(400);
    expect((await failure(put(client, 'a'))).name).toBe('SlowDown');
  });

  it('other methods are not allowed', async () => {
    const { server } = await start();
    expect((await send(server.url, 'POST', '[]')).status).toBe(405);
  });
});
