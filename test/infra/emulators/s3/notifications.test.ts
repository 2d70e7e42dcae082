import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it, vi } from 'vitest';
import type { S3EventRecord } from '../../../../infra/emulators/s3/server.ts';
import { BUCKET as Bucket, start, temporaryFolder } from './support.ts';

const KEY = 'records/a b+ü&(1)*~!/x.mp4';
const ENCODED = 'records/a+b%2B%C3%BC%26%281%29*%7E%21/x.mp4';

async function startListening(options: Parameters<typeof start>[0] = {}) {
  const records: S3EventRecord[] = [];
  const started = await start({ ...options, onNotification: (record) => void records.push(record) });
  return { ...started, records };
}

describe('notifications', () => {
  it('tell of an object that was put, as S3 does', async () => {
    const now = () => new Date('2031-02-03T04:05:06.789Z');
    const { client, records } = await startListening({ now });
    client.config.systemClockOffset = now().getTime() - Date.now();
    await client.send(new PutObjectCommand({ Bucket, Key: KEY, Body: 'body' }));
    expect(records).toEqual([
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventTime: '2031-02-03T04:05:06.789Z',
        eventName: 'ObjectCreated:Put',
        userIdentity: { principalId: expect.any(String) },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: {
          'x-amz-request-id': expect.stringMatching(/^[0-9A-F]{16}$/),
          'x-amz-id-2': expect.any(String),
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: expect.any(String),
          bucket: {
            name: Bucket,
            ownerIdentity: { principalId: expect.any(String) },
            arn: `arn:aws:s3:::${Bucket}`,
          },
          object: {
            key: ENCODED,
            size: 4,
            eTag: '841a2d689ad86bd1611447453c22c6fc',
            sequencer: expect.stringMatching(/^[0-9A-F]+$/),
          },
        },
      },
    ]);
  });

  it('tell of copies, completed uploads and deletions, each once, in order', async () => {
    const { client, records } = await startListening();
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await client.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` }));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'c' }));
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key: 'c', UploadId, PartNumber: 1, Body: Buffer.from('part') }),
    );
    const complete = new CompleteMultipartUploadCommand({
      Bucket,
      Key: 'c',
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    await client.send(complete);
    await client.send(complete);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'b' }, { Key: 'none' }] } }),
    );
    expect(records.map(({ eventName, s3 }) => [eventName, s3.object.key, s3.object.size])).toEqual([
      ['ObjectCreated:Put', 'a', 1],
      ['ObjectCreated:Copy', 'b', 1],
      ['ObjectCreated:CompleteMultipartUpload', 'c', 4],
      ['ObjectRemoved:Delete', 'a', undefined],
      ['ObjectRemoved:Delete', 'b', undefined],
    ]);
    expect(records[2]?.s3.object.eTag).toMatch(/^[0-9a-f]{32}-1$/);
    const sequencers = records.map(({ s3 }) => s3.object.sequencer);
    expect([...sequencers].sort()).toEqual(sequencers);
    expect(new Set(sequencers).size).toBe(sequencers.length);
  });

  it('do not tell of what was refused', async () => {
    const { client, records } = await startListening();
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    const again = client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'y', IfNoneMatch: '*' }));
    await expect(again).rejects.toThrow();
    const bad = client.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'y', ChecksumCRC32: 'AAAAAA==' }));
    await expect(bad).rejects.toThrow();
    expect(records).toHaveLength(1);
  });

  it('have greater sequencers after a restart', async () => {
    const dataDir = temporaryFolder();
    const first = await startListening({ dataDir });
    await first.client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await first.server.close();
    const second = await startListening({ dataDir });
    await second.client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'y' }));
    const [one, two] = [first.records, second.records].map(([record]) => record?.s3.object.sequencer ?? '');
    expect(one).toMatch(/./);
    expect((two ?? '') > (one ?? '')).toBe(true);
  });

  it('that are not taken, or take long, hold nothing up and break nothing', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue();
    let calls = 0;
    const { client } = await start({
      onNotification: () => {
        calls += 1;
        if (calls === 1) throw new Error('thrown at once');
        if (calls === 2) return Promise.reject(new Error('rejected'));
        return new Promise(() => undefined);
      },
    });
    for (const Key of ['a', 'b', 'c']) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    expect(calls).toBe(3);
    expect(printed).toHaveBeenCalledTimes(2);
    printed.mockRestore();
  });
});
