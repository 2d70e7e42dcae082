import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { announceStream } from '../../../../functions/core/protocol/announce.ts';
import {
  cancelReservation,
  reserveRecording,
  startReserved,
} from '../../../../functions/core/protocol/reservation.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';
import { lockKey, sessionKey, stopKey } from '../../../../functions/core/state/keys.ts';
import { lockSchema, type Session } from '../../../../functions/core/state/objects.ts';
import { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';

const PUBLISHED: Session = {
  mediaSessionId: 'm1',
  name: 'camera',
  status: 'PUBLISHING',
  sourceUrl: 'rtmp://media.example/live/m1',
  eventAtMs: 1,
};
const WAIT_MS = 60_000;

let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;
let ids: number;
beforeEach(reset);
function reset(): void {
  store = new MemoryStore();
  launcher = new RecordedLauncher();
  clock = new ManualClock();
  ids = 0;
}

const ports = () => ({
  store,
  tasks: launcher,
  clock,
  newRecordingId: () => newRecordingId(clock.nowMs(), new Uint8Array(16).fill(++ids)),
});
const reserve = () =>
  reserveRecording(ports(), {
    mediaSessionId: 'm1',
    settings: DEFAULT_SETTINGS,
    requestId: 'r',
    waitMs: WAIT_MS,
  });
const publish = async () => {
  const session = await announceStream(ports(), 'm1', () => PUBLISHED);
  return startReserved(ports(), session);
};

it('starts when the stream appears in time, and not later', async () => {
  expect(await reserve()).toMatchObject({ expiresAtMs: clock.timeMs + WAIT_MS });
  clock.timeMs += WAIT_MS;
  expect(await publish()).toBeDefined();
  reset();
  await reserve();
  clock.timeMs += WAIT_MS + 1;
  expect(await publish()).toBeUndefined();
  expect(launcher.launched).toEqual([]);
});

it('does not bring back what it started and somebody stopped, even if the start was not noted', async () => {
  await reserve();
  const reserved = [...store.objects].filter(([key]) => key.includes('reservations'));
  const started = await publish();
  store.put(stopKey(started ?? ''), { requestedAtMs: 1, by: 'x', reason: '' });
  for (const [key, object] of reserved) store.put(key, JSON.parse(object.json));
  clock.timeMs += 1;
  expect(await publish()).toBeUndefined();
  expect(launcher.launched).toHaveLength(1);
});

it('is cancelled once', async () => {
  expect(await cancelReservation(ports(), 'm1')).toBe(false);
  await reserve();
  expect(await cancelReservation(ports(), 'm1')).toBe(true);
  expect(await cancelReservation(ports(), 'm1')).toBe(false);
  expect(await publish()).toBeUndefined();
});

it('and a stream that appears at the same moment make one recording, always', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 3 }), async (s, publications) => {
      reset();
      store.before = () => s.schedule(Promise.resolve());
      const all = Promise.all([reserve(), ...Array.from({ length: publications }, publish)]);
      await s.waitIdle();
      await all;
      const held = store.value(lockKey('m1'), lockSchema)?.recordingId;
      expect(new Set(launcher.launched)).toEqual(new Set([`${held}-1`]));
      expect(store.objects.has(sessionKey('m1'))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
