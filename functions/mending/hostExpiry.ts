import type { S3Client } from '@aws-sdk/client-s3';
import { removeObjects } from '../aws/removeObjects.ts';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { HOSTS_PREFIX, hostPrefix } from '../core/state/keys.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

/** A host that lives writes every 15 s at least. */
const KEPT_MS = 24 * 3_600_000;
const AT_ONCE = 8;
const PAGES_MAX = 20;

/**
 * Removes what hosts left that wrote nothing for a day. What they carried was settled long before, or is found by its
 * recording.
 * @param onFault told of a host that could not be looked at
 * @returns how many objects are gone
 */
export async function forgetHosts(
  { s3, store }: { readonly s3: S3Client; readonly store: StateStore },
  walk: Walk,
  nowMs: number,
  onFault: (error: unknown, entry: ListedObject) => void,
): Promise<number> {
  let removed = 0;
  const isOld = ({ modifiedAtMs }: ListedObject): boolean => nowMs - modifiedAtMs >= KEPT_MS;
  const forget = async ({ key }: ListedObject): Promise<void> => {
    const entries = await store.listEntries(hostPrefix(idOf(key)));
    if (!entries.every(isOld)) return;
    await removeObjects(
      s3,
      store.bucket,
      entries.map((entry) => entry.key),
    );
    removed += entries.length;
  };
  await walk.through(
    'goneHosts',
    HOSTS_PREFIX,
    async (page) => {
      const oneOfEach = new Map(page.filter(isOld).map((entry) => [idOf(entry.key), entry]));
      await inBatches([...oneOfEach.values()], AT_ONCE, forget, onFault);
    },
    PAGES_MAX,
  );
  return removed;
}

const idOf = (key: string): string => key.slice(HOSTS_PREFIX.length).split('/')[0] ?? '';
