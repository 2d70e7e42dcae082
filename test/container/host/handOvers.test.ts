import { Logger } from '@aws-lambda-powertools/logger';
import { expect, it } from 'vitest';
import { HandOvers } from '../../../container/host/handOvers.ts';
import type { Carried } from '../../../container/host/messages.ts';

const run = (name: string): Carried => ({ recordingId: name, attempt: 1, runId: name });
const log = new Logger({ logLevel: 'SILENT' });

it('a host that is too small gives up its newest recording, then the next one; each is asked for elsewhere first', async () => {
  const happened: string[] = [];
  const [old, middle, newest] = [run('old'), run('middle'), run('newest')];
  // In two workers.
  const worker = (carried: Carried[]) => ({
    carried,
    interrupt: (one?: Carried) => {
      if (one === undefined || carried.includes(one)) happened.push(`interrupted: ${one?.runId ?? 'all'}`);
    },
  });
  const [first, second] = [worker([old, newest]), worker([middle])];
  const handOver = async ({ runId }: Carried) => {
    happened.push(`asked: ${runId}`);
    // Nobody hears: whoever settles it asks again.
    if (runId === 'middle') throw new Error('SQS is away');
  };
  const handOvers = new HandOvers({ handOver, workers: new Set([first, second]), log });
  for (const carried of [old, middle, newest]) handOvers.taken(carried);
  await handOvers.newest();
  // It goes on here for a moment.
  await handOvers.newest();
  expect(happened.splice(0)).toEqual([
    'asked: newest',
    'interrupted: newest',
    'asked: middle',
    'interrupted: middle',
  ]);
  first.carried.length = 0;
  await handOvers.newest();
  expect(happened).toEqual([]);
  await handOvers.all();
  expect(happened).toEqual(['asked: middle', 'interrupted: all', 'interrupted: all']);
});
