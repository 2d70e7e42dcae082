import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { announceStream } from '../../../../functions/core/protocol/announce.ts';
import {
  cancelReservation,
  reserveRecording,
  startReserved,
} from '../../../../functions/core/protocol/reservation.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { lockKey, sessionKey, stopKey } from '../../../../functions/core/state/keys.ts';
import { lockSchema } from '../../../../functions/core/state/objects.ts';
import type { ManualClock, MemoryStore, RecordedLauncher } from '../../../support/memoryStore.ts';
import { PUBLISHED, StartWorld } from '../../../support/startWorld.ts';

const WAIT_MS = 60_000;

let world: StartWorld;
let store: MemoryStore;
let launcher: RecordedLauncher;
let clock: ManualClock;
beforeEach(reset);
function reset(): void {
  world = new StartWorld();
  ({ store, launcher, clock } = world);
}

const reserve = () =>
  reserveRecording(world.ports, {
    mediaSessionId: 'm1',
    settings: DEFAULT_SETTINGS,
    requestId: 'r',
    waitMs: WAIT_MS,
  });
const publish = async () => {
  const session = await announceStream(world.ports, 'm1', () => PUBLISHED);
  return startReserved(world.ports, session);
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
  expect(await cancelReservation(world.ports, 'm1')).toBe(false);
  await reserve();
  expect(await cancelReservation(world.ports, 'm1')).toBe(true);
  expect(await cancelReservation(world.ports, 'm1')).toBe(false);
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
