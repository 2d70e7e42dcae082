import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { isGone } from '../core/state/kept.ts';
import { LISTED_MARKED_KEY, LISTED_PREFIX, listedKey, SESSIONS_PREFIX } from '../core/state/keys.ts';
import { markedSchema, sessionSchema } from '../core/state/objects.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

const AT_ONCE = 32;
/** A function that marks a stream has written its session, or is gone, long before. */
const YOUNG_MS = 10 * 60_000;

type OnFault = (error: unknown, entry: ListedObject) => void;

/**
 * Streams that were announced before there were markers are found by their sessions, once.
 * @param onFault told of a session that could not be looked at
 */
export async function markEarlierStreams(
  store: StateStore,
  walk: Walk,
  nowMs: number,
  onFault: OnFault,
): Promise<void> {
  if ((await store.read(LISTED_MARKED_KEY, markedSchema)) !== undefined) return;
  const mark = async (key: string): Promise<void> => {
    const session = (await store.read(key, sessionSchema))?.value;
    if (session === undefined || isGone(session)) return;
    const { mediaSessionId } = session;
    await store.create(listedKey(mediaSessionId), { mediaSessionId, atMs: nowMs });
  };
  const isWhole = await walk.through('marked streams', SESSIONS_PREFIX, (entries) =>
    inBatches(entries, AT_ONCE, ({ key }) => mark(key), onFault),
  );
  if (isWhole) await store.create(LISTED_MARKED_KEY, { atMs: nowMs });
}

/**
 * Removes markers of streams that have ended. Each is deleted as it was listed: one that was made for the stream's next
 * publication meanwhile is another one, and stays.
 * @param onFault told of one that could not be looked at or removed
 */
export async function forgetEndedStreams(
  store: StateStore,
  walk: Walk,
  nowMs: number,
  onFault: OnFault,
): Promise<void> {
  const forget = async ({ key, etag }: ListedObject): Promise<void> => {
    // Both have the same name.
    const session = await store.read(`${SESSIONS_PREFIX}${key.slice(LISTED_PREFIX.length)}`, sessionSchema);
    if (session === undefined || isGone(session.value)) await store.remove(key, etag);
  };
  await walk.through('listed', LISTED_PREFIX, async (entries) => {
    const old = entries.filter(({ modifiedAtMs }) => nowMs - modifiedAtMs >= YOUNG_MS);
    await inBatches(old, AT_ONCE, forget, onFault);
  });
}
