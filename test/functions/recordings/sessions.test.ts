import { afterAll, beforeAll, expect, it } from 'vitest';
import { LISTED_MARKED_KEY, listedKey, sessionKey } from '../../../functions/core/state/keys.ts';
import { listedSessions, sessionPage } from '../../../functions/recordings/sessions.ts';
import { RecorderBench } from '../../support/recorderBench.ts';

const bench = new RecorderBench();
beforeAll(() => bench.start());
afterAll(() => bench.close());

const names = async () => (await listedSessions(bench.store)).map(({ name }) => name).sort();
const pageOf = async (status: 'PUBLISHING' | 'UNPUBLISHED') =>
  (await sessionPage(bench.store, { status, limit: 10 })).sessions.map(({ name }) => name);

it('finds streams among all sessions until those of an older version are marked; then by their markers', async () => {
  const { store } = bench;
  for (const [name, status] of Object.entries({
    a: 'PUBLISHING',
    b: 'PAUSED',
    c: 'UNPUBLISHED',
    d: 'PUBLISHING',
  })) {
    await store.create(sessionKey(name), {
      mediaSessionId: name,
      name,
      status,
      sourceUrl: 'x',
      eventAtMs: 1,
    });
  }
  for (const name of ['b', 'c', 'd']) await store.create(listedKey(name), { mediaSessionId: name, atMs: 1 });
  expect([await names(), await pageOf('PUBLISHING')]).toEqual([
    ['a', 'b', 'd'],
    ['a', 'd'],
  ]);
  await store.create(LISTED_MARKED_KEY, { atMs: 1 });
  expect([await names(), await pageOf('PUBLISHING')]).toEqual([['b', 'd'], ['d']]);
  expect(await pageOf('UNPUBLISHED')).toEqual(['c']);
});
