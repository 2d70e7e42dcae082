import { beforeEach, expect, it } from 'vitest';
import {
  forgetActive,
  markActive,
  markWriting,
  unmarkWriting,
} from '../../../../functions/core/protocol/active.ts';
import { activeKey, lockKey, outcomeKey } from '../../../../functions/core/state/keys.ts';
import { activeSchema } from '../../../../functions/core/state/objects.ts';
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

const writing = () => store.value(key, activeSchema)?.writing;
const opens = (part: number) => markWriting(store, recording.recordingId, { part, fileName: `${part}.mp4` });
const ends = (...parts: number[]) => unmarkWriting(store, recording.recordingId, new Set(parts));

it('says which files are written, in their order, and nothing before a recorder does', async () => {
  await ends(1);
  expect(writing()).toBeUndefined();
  await opens(2);
  await opens(1);
  await opens(2);
  expect(writing()?.map(({ fileName }) => fileName)).toEqual(['1.mp4', '2.mp4']);
  await ends(1, 7);
  expect(writing()).toEqual([{ part: 2, fileName: '2.mp4' }]);
  await ends(2);
  expect(writing()).toEqual([]);
});

it('loses no file where two recorders say theirs at the same time', async () => {
  store.before = async (operation) => {
    if (operation !== 'replace') return;
    store.before = () => undefined;
    await opens(2);
  };
  await opens(1);
  expect(writing()?.map(({ part }) => part)).toEqual([1, 2]);
});

it('does not come back once it is gone', async () => {
  store.before = (operation) => {
    if (operation === 'replace') store.objects.delete(key);
  };
  await opens(1);
  await ends(1);
  expect(store.objects.has(key)).toBe(false);
});
