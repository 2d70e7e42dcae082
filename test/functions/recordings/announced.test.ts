import { expect, it } from 'vitest';
import { outcomeKey } from '../../../functions/core/state/keys.ts';
import { untilAnnounced } from '../../../functions/recordings/announced.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const ID = '01K00000000000000000000001';
const NOTE = `state/recordings/${ID}/events/recording-finished.json`;

/** @param notedAfter looks @returns how often it was looked */
async function looks(endedMsAgo: number, notedAfter: number): Promise<number> {
  const store = new MemoryStore();
  store.put(outcomeKey(ID), {
    ...{ status: 'finished', reason: { code: 'stopped', message: 'x' }, parts: 1, atMs: 100_000 },
  });
  let count = 0;
  const sleep = async (): Promise<void> => {
    count += 1;
    if (count === notedAfter) store.put(NOTE, { atMs: 1 });
  };
  await untilAnnounced({ store: store as never, nowMs: () => 100_000 + endedMsAgo, sleep }, ID);
  return count;
}

it('a recording that has just ended is not forgotten before its end is noted as announced', async () => {
  expect(await looks(0, 3)).toBe(3);
});

it('one that nobody notes, or that ended longer ago, is not waited for', async () => {
  expect(await looks(0, Number.POSITIVE_INFINITY)).toBe(12);
  expect(await looks(10_001, Number.POSITIVE_INFINITY)).toBe(0);
});

it('one that has not ended is none', async () => {
  const store = new MemoryStore();
  const sleep = () => Promise.reject(new Error('waited'));
  await untilAnnounced({ store: store as never, nowMs: () => 0, sleep }, ID);
});
