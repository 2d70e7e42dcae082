import { Logger } from '@aws-lambda-powertools/logger';
import type { SQSRecord } from 'aws-lambda';
import { expect, it } from 'vitest';
import { comeAgainSoon } from '../../../functions/aws/comeAgain.ts';

const log = new Logger({ logLevel: 'SILENT' });
const message = (receives: number) =>
  ({ receiptHandle: `h${receives}`, attributes: { ApproximateReceiveCount: String(receives) } }) as SQSRecord;

it('a message that failed comes again soon, later each time; SQS that is away changes nothing', async () => {
  const again: unknown[] = [];
  const queue = { comeAgain: async (handle: string, seconds: number) => void again.push([handle, seconds]) };
  for (const receives of [1, 2, 3, 9]) await comeAgainSoon(queue, message(receives), [1, 5, 20], log);
  expect(again).toEqual([
    ['h1', 1],
    ['h2', 5],
    ['h3', 20],
    ['h9', 20],
  ]);
  const away = {
    comeAgain: async () => {
      throw new Error('SQS is away');
    },
  };
  await comeAgainSoon(away, message(1), [1], log);
});
