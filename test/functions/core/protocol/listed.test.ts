import fc from 'fast-check';
import { expect, it } from 'vitest';
import { announceStream, withPublication } from '../../../../functions/core/protocol/announce.ts';
import { markListed } from '../../../../functions/core/protocol/listed.ts';
import { isGone } from '../../../../functions/core/state/kept.ts';
import { listedKey, sessionKey } from '../../../../functions/core/state/keys.ts';
import { type Session, STREAM_STATUSES, sessionSchema } from '../../../../functions/core/state/objects.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

const ID = 'live/cam';
class Died extends Error {}

it('whoever announces what in which order, and dies when: a stream that is listed has its marker', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom(...STREAM_STATUSES), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
      async (scheduler, statuses, deaths) => {
        const store = new MemoryStore();
        const clock = new ManualClock();
        let calls = 0;
        const look = (): void => {
          const session = store.value(sessionKey(ID), sessionSchema);
          if (session !== undefined && !isGone(session)) expect(store.objects.has(listedKey(ID))).toBe(true);
        };
        store.before = async () => {
          calls += 1;
          const dies = deaths.includes(calls);
          await scheduler.schedule(Promise.resolve());
          look();
          if (dies) throw new Died();
        };
        const announced = statuses.map((status, i) => {
          const next: Session = { mediaSessionId: ID, name: 'cam', status, sourceUrl: 'x', eventAtMs: i };
          return announceStream({ store, clock }, ID, (known) =>
            withPublication({ ...next, eventAtMs: known?.eventAtMs ?? 0 }, known, clock.nowMs()),
          ).catch((error: unknown) => {
            if (!(error instanceof Died)) throw error;
          });
        });
        await scheduler.waitFor(Promise.all(announced));
        look();
      },
    ),
    { numRuns: 300 },
  );
});

it('each publication has a marker of its own, and a repeated event of the same one writes none', async () => {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const announce = (status: Session['status']) =>
    announceStream({ store, clock }, ID, (known) =>
      withPublication(
        { mediaSessionId: ID, name: 'cam', status, sourceUrl: 'x', eventAtMs: 1 },
        known,
        clock.nowMs(),
      ),
    );
  const marker = () => store.objects.get(listedKey(ID))?.json;
  await announce('PUBLISHING');
  const first = marker();
  clock.timeMs += 1;
  await announce('PUBLISHING');
  await announce('PAUSED');
  expect(marker()).toBe(first);
  await announce('UNPUBLISHED');
  expect(marker()).toBe(first);
  await announce('PUBLISHING');
  expect(marker()).not.toBe(first);
});

it('is made although another one goes, or is made, at the same moment', async () => {
  const store = new MemoryStore();
  await markListed(store, ID, 1);
  store.before = (operation, key) => {
    if (operation === 'read') store.objects.delete(key);
    store.before = () => undefined;
  };
  await markListed(store, ID, 2);
  expect(store.objects.get(listedKey(ID))?.json).toContain('"atMs":2');
});
