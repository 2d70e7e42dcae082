import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BUCKET as Bucket, start, startProcess, temporaryFolder } from './support.ts';

const blobsOf = (dataDir: string) => readdirSync(path.join(dataDir, 'blobs'));

async function keysOf(client: S3Client): Promise<(string | undefined)[]> {
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
  return (Contents ?? []).map(({ Key }) => Key);
}

async function bodyOf(client: S3Client, Key: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
}

describe('SIGKILL', () => {
  it('at any moment of many writes loses no object that was acknowledged, and leaves no half one', async () => {
    const dataDir = temporaryFolder();
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < 4; round += 1) {
      const child = await startProcess(dataDir);
      const killed = new AbortController();
      const writer = async (name: string) => {
        for (let i = 0; !killed.signal.aborted; i += 1) {
          const key = `${round}/${name}/${i}`;
          const body = `${key} `.repeat(1 + ((i * 997) % 20_000));
          try {
            await child.client.send(new PutObjectCommand({ Bucket, Key: key, Body: body, IfNoneMatch: '*' }));
            acknowledged.set(key, body);
          } catch (error) {
            if (!killed.signal.aborted) throw error;
          }
        }
      };
      const writers = ['a', 'b', 'c', 'd'].map(writer);
      const enough = (round + 1) * 25;
      await expect.poll(() => acknowledged.size, { interval: 1, timeout: 20_000 }).toBeGreaterThan(enough);
      killed.abort();
      await child.kill('SIGKILL');
      await Promise.all(writers);
    }
    const { client } = await startProcess(dataDir);
    const keys = await keysOf(client);
    for (const [key, body] of acknowledged) {
      expect(keys).toContain(key);
      expect(await bodyOf(client, key)).toBe(body);
    }
    // What was not acknowledged is there whole or not at all; no blob is left over from it.
    for (const key of keys) expect((await bodyOf(client, key ?? ''))?.startsWith(`${key} `)).toBe(true);
    expect(blobsOf(dataDir)).toHaveLength(keys.length);
  }, 180_000);

  it('keeps open uploads, their parts, metadata, tags, deletions and completed uploads', async () => {
    const dataDir = temporaryFolder();
    const before = await startProcess(dataDir);
    const send = before.client.send.bind(before.client);
    await send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }));
    await send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await send(
      new PutObjectCommand({
        Bucket,
        Key: 'kept',
        Body: 'x',
        Metadata: { a: '1' },
        ContentType: 'video/mp4',
      }),
    );
    const Tagging = { TagSet: [{ Key: 'k', Value: 'v' }] };
    await send(new PutObjectTaggingCommand({ Bucket, Key: 'kept', Tagging }));
    const create = async (Key: string) =>
      (await send(new CreateMultipartUploadCommand({ Bucket, Key, Metadata: { of: Key } }))).UploadId;
    const [open, done] = [await create('open'), await create('done')];
    const part = (Key: string, UploadId: string | undefined) =>
      send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: Buffer.from(Key) }));
    await part('open', open);
    const { ETag } = await part('done', done);
    const complete = new CompleteMultipartUploadCommand({
      Bucket,
      Key: 'done',
      UploadId: done,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    await send(complete);
    await before.kill('SIGKILL');

    const { client } = await startProcess(dataDir);
    expect(await keysOf(client)).toEqual(['done', 'kept']);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'kept' }));
    expect(head).toMatchObject({ Metadata: { a: '1' }, ContentType: 'video/mp4' });
    const tags = await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'kept' }));
    expect(tags.TagSet).toEqual(Tagging.TagSet);
    expect(await bodyOf(client, 'done')).toBe('done');
    await client.send(complete);
    const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key: 'open', UploadId: open }));
    expect(Parts).toHaveLength(1);
    await client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'open',
        UploadId: open,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: Parts?.[0]?.ETag }] },
      }),
    );
    expect(await bodyOf(client, 'open')).toBe('open');
  });
});

describe('the data folder', () => {
  it('has a torn last line cut off; all before it is there', async () => {
    const dataDir = temporaryFolder();
    const first = await start({ dataDir });
    await first.client.send(new PutObjectCommand({ Bucket, Key: 'one', Body: 'one' }));
    await first.client.send(new PutObjectCommand({ Bucket, Key: 'two', Body: 'two' }));
    await first.server.close();
    const journal = path.join(dataDir, 'journal.jsonl');
    const whole = readFileSync(journal);
    truncateSync(journal, whole.length - 7);

    const second = await start({ dataDir });
    expect(await keysOf(second.client)).toEqual(['one']);
    expect(blobsOf(dataDir)).toHaveLength(1);
    await second.client.send(new PutObjectCommand({ Bucket, Key: 'three', Body: 'three' }));
    await second.server.close();
    const third = await start({ dataDir });
    expect(await keysOf(third.client)).toEqual(['one', 'three']);
  });

  it('with a line that is damaged in the middle is refused, with its number', async () => {
    const dataDir = temporaryFolder();
    await (await start({ dataDir })).server.close();
    appendFileSync(path.join(dataDir, 'journal.jsonl'), '{"sequence":\n');
    await expect(start({ dataDir })).rejects.toThrow(/line 2 is not JSON/);
  });

  it('loses blobs that nothing names, or names any more, at the start', async () => {
    const dataDir = temporaryFolder();
    const { client, server } = await start({ dataDir });
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    const [blob = ''] = blobsOf(dataDir);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await server.close();
    // As if the process had been killed after the journal's line and before the file was removed.
    writeFileSync(path.join(dataDir, 'blobs', blob), 'x');
    writeFileSync(path.join(dataDir, 'blobs', 'left-over'), 'of a write that was broken off');
    await start({ dataDir });
    expect(blobsOf(dataDir)).toEqual([]);
  });

  it('holds the blobs of what is stored and no others', async () => {
    const { client, dataDir } = await start();
    const put = (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
    await put('a', '1');
    await put('a', '2');
    await put('b', '3');
    expect(blobsOf(dataDir)).toHaveLength(2);
    await expect(
      put('a', '4').then(() =>
        client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: '5', IfNoneMatch: '*' })),
      ),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));
    expect(blobsOf(dataDir)).toHaveLength(1);
  });

  it('is written anew at a start when most lines say nothing any more', async () => {
    const dataDir = temporaryFolder();
    const first = await start({ dataDir });
    await first.client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'kept' }));
    await first.server.close();
    const journal = path.join(dataDir, 'journal.jsonl');
    const line = (sequence: number, entry: object) => `${JSON.stringify({ sequence, entry })}\n`;
    const stale = Array.from({ length: 10_100 }, (_, i) =>
      line(i + 10, { type: 'delete', bucket: Bucket, key: 'nothing' }),
    );
    appendFileSync(journal, stale.join(''));

    const second = await start({ dataDir });
    expect(readFileSync(journal, 'utf8').trim().split('\n')).toHaveLength(2);
    expect(await bodyOf(second.client, 'kept')).toBe('kept');
    await second.client.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'new' }));
    await second.server.close();
    const last = readFileSync(journal, 'utf8').trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ sequence: 10_110, entry: { key: 'new' } });
    expect(await keysOf((await start({ dataDir })).client)).toEqual(['kept', 'new']);
  });

  it('no key leaves it', async () => {
    const { client, dataDir } = await start();
    for (const Key of ['../../outside', '..', '/etc/passwd', 'x\u0000y', 'a/../../../../tmp/outside'])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    expect(readdirSync(dataDir).sort()).toEqual(['blobs', 'journal.jsonl', 'lock']);
    for (const name of blobsOf(dataDir)) expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(readdirSync(path.dirname(dataDir))).not.toContain('outside');
  });

  it('is used by one server at a time', async () => {
    const { dataDir, server } = await start();
    await expect(start({ dataDir })).rejects.toThrow(/is held by process/);
    await server.close();
    await start({ dataDir });
  });
});
