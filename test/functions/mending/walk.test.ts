import { expect, it } from 'vitest';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { Walk } from '../../../functions/mending/walk.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const PAGE = 10;

/** A store that lists ten at a time. */
class PagedStore extends MemoryStore {
  async listPage(prefix: string, { after = '' }: { readonly after?: string }) {
    const keys = this.keys(prefix).filter((key) => key > after);
    const entries = keys.slice(0, PAGE).map((key) => ({ key, modifiedAtMs: 0, etag: '' }));
    return { entries, hasMore: keys.length > PAGE };
  }
}

function stored(count: number): StateStore {
  const store = new PagedStore();
  for (let i = 0; i < count; i++) store.put(`things/${String(i).padStart(4, '0')}`, {});
  return store as unknown as StateStore;
}

it('looks at everything over several runs, each as long as it has time, and begins again', async () => {
  const store = stored(95);
  const seen: string[] = [];
  const runs: boolean[] = [];
  while (seen.length < 2 * 95) {
    let pages = 0;
    const walk = await Walk.resume(store, () => pages++ < 3);
    runs.push(
      await walk.through('things', 'things/', async (entries) => {
        seen.push(...entries.map(({ key }) => key));
      }),
    );
    await walk.pause();
  }
  expect(runs).toEqual([false, false, false, true, false, false, false, true]);
  expect(new Set(seen).size).toBe(95);
  expect(seen.slice(0, 95)).toEqual(seen.slice(95));
});

it('keeps the place of each walk, and takes no more pages than it may', async () => {
  const store = stored(50);
  const counts = new Map<string, number>();
  for (let run = 0; run < 2; run++) {
    const walk = await Walk.resume(store, () => true);
    for (const [name, pagesMax] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      await walk.through(
        name,
        'things/',
        async ({ length }) => void counts.set(name, (counts.get(name) ?? 0) + length),
        pagesMax,
      );
    }
    await walk.pause();
  }
  expect(Object.fromEntries(counts)).toEqual({ one: 20, two: 40 });
});

it('goes on behind a page that could not be looked at as a whole', async () => {
  const store = stored(15);
  const walk = await Walk.resume(store, () => true);
  const fails = walk.through('things', 'things/', () => Promise.reject(new Error('x')));
  await expect(fails).rejects.toThrow('x');
  const seen: string[] = [];
  await walk.through(
    'things',
    'things/',
    async (entries) => void seen.push(...entries.map(({ key }) => key)),
  );
  expect(seen).toHaveLength(15);
});
