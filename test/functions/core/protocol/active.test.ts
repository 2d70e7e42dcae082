import { beforeEach, expect, it } from 'vitest';
import { forgetActive, markActive } from '../../../../functions/core/protocol/active.ts';
import { activeKey, lockKey, outcomeKey } from '../../../../functions/core/state/keys.ts';
import { MemoryStore } from '../../../support/memoryStore.ts';

const recording = { recordingId: '01KAVYBT0000000000000000AA', mediaSessionId: 'm1' };
const key = activeKey(recording.recordingId);
const end = () =>
  store.put(outcomeKey(recording.recordingId), {
    status: 'finished',
    reason: { code: 'stopped', message: 'm' },
    parts: 1,
    atMs: 1,
  });
const lock = (more: object) =>
  store.put(lockKey('m1'), { recordingId: recording.recordingId, acquiredAtMs: 1, ...more });

let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  await markActive(store, recording);
});

it('stays while the recording goes on', async () => {
  lock({ releasedAtMs: 1 });
  expect(await forgetActive(store, recording)).toBe(false);
  expect(store.objects.has(key)).toBe(true);
});

it('stays while the recording holds its lock: somebody is to release it', async () => {
  end();
  lock({});
  expect(await forgetActive(store, recording)).toBe(false);
  expect(store.objects.has(key)).toBe(true);
});

it.each([
  ['released', { releasedAtMs: 1 }],
  ["another one's", { recordingId: '01KAVYBT0000000000000000BB' }],
])('goes once it has ended and the lock is %s', async (_what, more) => {
  end();
  lock(more);
  expect(await forgetActive(store, recording)).toBe(true);
  expect(store.objects.has(key)).toBe(false);
});

it('goes where the lock is gone', async () => {
  end();
  expect(await forgetActive(store, recording)).toBe(true);
});
