import { expect, it } from 'vitest';
import { mayEarlierRead } from '../../../../functions/core/protocol/others.ts';
import { attemptKey } from '../../../../functions/core/state/keys.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

const recordingId = '01K00000000000000000000001';
const clock = new ManualClock();

function mayRead(
  end: { readonly by: string; readonly agoMs: number } | undefined,
  attempt = 2,
): Promise<boolean> {
  const store = new MemoryStore();
  store.put(attemptKey(recordingId, 1, 'claim'), { attempt: 1, claimedAtMs: 1, runId: 'r' });
  if (end !== undefined)
    store.put(attemptKey(recordingId, 1, 'end'), {
      attempt: 1,
      endedAtMs: clock.timeMs - end.agoMs,
      by: end.by,
      reason: { code: 'interrupted', message: '' },
    });
  return mayEarlierRead({ store, clock }, { recordingId, attempt });
}

it('a source may still be held by an attempt that goes on, or that a host has told of a moment ago', async () => {
  expect(await mayRead(undefined)).toBe(true);
  expect(await mayRead({ by: 'host h', agoMs: 19_999 })).toBe(true);
  expect(await mayRead({ by: 'host h', agoMs: 20_000 })).toBe(false);
  expect(await mayRead({ by: 'recorder', agoMs: 0 })).toBe(false);
  expect(await mayRead(undefined, 1)).toBe(false);
});
