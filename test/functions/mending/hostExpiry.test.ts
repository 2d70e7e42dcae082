import type { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { ListedObject } from '../../../functions/aws/stateStore.ts';
import { hostCarriesKey, hostNudgeKey, hostStatusKey } from '../../../functions/core/state/keys.ts';
import { forgetHosts } from '../../../functions/mending/hostExpiry.ts';

const DAY_MS = 24 * 3_600_000;

/** What is gone a day after the clock began, of objects that were written so long after that. */
async function forgotten(written: Readonly<Record<string, number>>, pageSize = 1_000): Promise<string[]> {
  const entries = Object.entries(written)
    .map(([key, modifiedAtMs]): ListedObject => ({ key, modifiedAtMs, etag: '', bytes: 1 }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const gone: string[] = [];
  const s3 = {
    send: async ({ input }: DeleteObjectsCommand) => {
      gone.push(...(input.Delete?.Objects ?? []).map(({ Key = '' }) => Key));
      return {};
    },
  };
  const store = {
    bucket: 'landing',
    listEntries: async (prefix: string) => entries.filter(({ key }) => key.startsWith(prefix)),
  };
  const walk = {
    through: async (_: string, __: string, look: (page: readonly ListedObject[]) => Promise<void>) => {
      for (let at = 0; at < entries.length; at += pageSize) await look(entries.slice(at, at + pageSize));
    },
  };
  const [options, walked] = [{ s3, store }, walk] as unknown as Parameters<typeof forgetHosts>;
  const removed = await forgetHosts(options, walked, DAY_MS, (error) => {
    throw error;
  });
  expect(removed).toBe(gone.length);
  return gone.toSorted();
}

it('what a host left goes when it has written nothing for a day', async () => {
  const [carries, nudge] = [hostCarriesKey('a', 'r', 1), hostNudgeKey('a')];
  expect(await forgotten({ [carries]: 0, [nudge]: 0 })).toEqual([carries, nudge]);
  expect(await forgotten({ [carries]: 0, [nudge]: 1 })).toEqual([]);
});

it('nothing goes of a host that has carried a recording for days, wherever its listing is cut', async () => {
  const alive = { [hostCarriesKey('b', 'r', 1)]: 0, [hostStatusKey('b')]: DAY_MS - 1_000 };
  const gone = { [hostStatusKey('a')]: 0, [hostStatusKey('c')]: 0 };
  for (const pageSize of [1, 2, 3, 4])
    expect(await forgotten({ ...alive, ...gone }, pageSize)).toEqual(Object.keys(gone));
});
