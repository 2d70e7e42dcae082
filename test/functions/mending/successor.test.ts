import { expect, it } from 'vitest';
import { partKey } from '../../../functions/core/state/keys.ts';
import { untilLaterRecords } from '../../../functions/mending/successor.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const MAX_LOSS_MS = 2_000;
const recordingId = '01K00000000000000000000001';
const open = (part: number, attempt: number) => ({
  ...{ part, attempt, key: 'k', uploadId: 'u', fileName: 'f', format: 'mp4', tracks: [] },
  ...{ openedAtMs: 1, startTimeMs: 1 },
});

async function waitedMs(opensAfterMs: number): Promise<number> {
  const store = new MemoryStore();
  store.put(partKey(recordingId, 1, 'open'), open(1, 1));
  let nowMs = 0;
  const sleep = async (ms: number): Promise<void> => {
    nowMs += ms;
    // A part of the attempt itself is none of another one's.
    if (nowMs === 1_000) store.put(partKey(recordingId, 2, 'open'), open(2, 1));
    if (nowMs >= opensAfterMs) store.put(partKey(recordingId, 3, 'open'), open(3, 2));
  };
  const ports = { store, sleep } as unknown as Parameters<typeof untilLaterRecords>[0];
  await untilLaterRecords(ports, { recordingId, attempt: 1 }, MAX_LOSS_MS);
  return nowMs;
}

it('a file whose recorder may live is completed when what it has in common with a later one is saved, and at last without one', async () => {
  expect(await waitedMs(4_000)).toBe(4_000 + MAX_LOSS_MS + 3_000);
  expect(await waitedMs(60_000)).toBe(20_000);
});
