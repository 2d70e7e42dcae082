import { Logger } from '@aws-lambda-powertools/logger';
import type { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { PartUpload } from '../../../container/upload/partUpload.ts';
import { Tails } from '../../../container/upload/tails.ts';

it('saves every byte once and unmixed, whatever comes at the same moment, and after a fault', async () => {
  let bytes = Buffer.from('first');
  let isBroken: boolean = true;
  const saved: [key: string, content: string][] = [];
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const send = async ({ input }: PutObjectCommand): Promise<void> => {
    // What is saved meanwhile must not lie in the same buffer.
    asked.resolve();
    await answered.promise;
    saved.push([String(input.Key), String(input.Body)]);
  };
  const upload = { prefixBytes: 0, bytesFrom: (from: number) => [bytes.subarray(from)] };
  const tails = new Tails({
    s3: { send } as unknown as S3Client,
    bucket: 'landing',
    log: new Logger({ logLevel: 'SILENT' }),
    recordingId: 'r',
    part: Promise.resolve(1),
    upload: upload as unknown as PartUpload,
    facts: () => {
      if (isBroken) throw new Error('once');
      return { durationMs: 1, videoFrames: 1, atMs: 1 };
    },
    isRescued: async () => false,
  });
  await tails.checkpoint();
  expect(saved).toEqual([]);
  isBroken = false;
  const checkpoints = [tails.checkpoint()];
  await asked.promise;
  bytes = Buffer.from('first, second');
  checkpoints.push(tails.checkpoint(), tails.checkpoint());
  answered.resolve();
  await Promise.all(checkpoints);
  expect(saved).toEqual([
    ['state/tails/r/1/0-5', 'first'],
    ['state/tails/r/1/5-8', ', second'],
  ]);
});

it.each([
  [false, ['PutObjectCommand', 'DeleteObjectsCommand']],
  [true, ['PutObjectCommand']],
])('deletes what an S3 part made useless, unless a rescuer is at work: %s', async (isRescued, expected) => {
  const sent: string[] = [];
  const upload = { prefixBytes: 0, bytesFrom: (from: number) => [Buffer.from('0123456789').subarray(from)] };
  const send = async (command: object): Promise<object> => {
    sent.push(command.constructor.name);
    return {};
  };
  const tails = new Tails({
    s3: { send } as unknown as S3Client,
    bucket: 'landing',
    log: new Logger({ logLevel: 'SILENT' }),
    recordingId: 'r',
    part: Promise.resolve(1),
    upload: upload as unknown as PartUpload,
    facts: () => ({ durationMs: 1, videoFrames: 1, atMs: 1 }),
    isRescued: async () => isRescued,
  });
  await tails.checkpoint();
  upload.prefixBytes = 10;
  await tails.checkpoint();
  expect(sent).toEqual(expected);
});
