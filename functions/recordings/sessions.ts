import type { StateStore } from '../aws/stateStore.ts';
import { keyOfToken, pageToken } from '../core/api/pages.ts';
import { isGone } from '../core/state/kept.ts';
import { LISTED_MARKED_KEY, LISTED_PREFIX, SESSIONS_PREFIX } from '../core/state/keys.ts';
import { markedSchema, type Session, sessionSchema } from '../core/state/objects.ts';
import { readAll } from './registry.ts';

/** What one answer without pages has at most: the streams that appeared last. */
const LISTED_MAX = 1_000;
/** Streams that one page looks at, at most, however few of them are wanted. */
const SCANNED_MAX = 1_000;

/** The streams that a media server would list, newest first, at most 1,000: one LIST, and a GET for each of them. */
export async function listedSessions(store: StateStore): Promise<Session[]> {
  const prefix = await listedPrefix(store);
  const entries = await store.listEntries(prefix);
  entries.sort((a, b) => b.modifiedAtMs - a.modifiedAtMs);
  const keys = entries.slice(0, LISTED_MAX).map(({ key }) => under(SESSIONS_PREFIX, key, prefix));
  const sessions = await readAll(store, keys, sessionSchema);
  return sessions.filter((session) => !isGone(session));
}

export interface SessionQuery {
  readonly status?: Session['status'];
  readonly name?: string;
  /** At most so many. */
  readonly limit: number;
  readonly nextToken?: string;
}

export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Where there may be more. A page may be shorter than asked, even empty, and have one. */
  readonly nextToken?: string;
}

/**
 * Streams of the registry, by the names of their sessions. Where only such are asked for as a media server would list, those
 * that have ended are not looked at.
 * @throws RecorderError invalid_request on `nextToken`
 */
export async function sessionPage(store: StateStore, query: SessionQuery): Promise<SessionPage> {
  const { status, name, limit, nextToken } = query;
  const isOfListed = status !== undefined && !isGone({ status });
  const prefix = isOfListed ? await listedPrefix(store) : SESSIONS_PREFIX;
  const sessions: Session[] = [];
  let after =
    nextToken === undefined
      ? undefined
      : under(prefix, keyOfToken(nextToken, SESSIONS_PREFIX), SESSIONS_PREFIX);
  let hasMore = true;
  for (let scanned = 0; hasMore && sessions.length < limit && scanned < SCANNED_MAX; ) {
    const page = await store.listPage(prefix, {
      ...(after === undefined ? {} : { after }),
      max: limit - sessions.length,
    });
    const keys = page.entries.map(({ key }) => key);
    const read = await readAll(
      store,
      keys.map((key) => under(SESSIONS_PREFIX, key, prefix)),
      sessionSchema,
    );
    sessions.push(
      ...read.filter(
        (session) =>
          (status === undefined || session.status === status) &&
          (name === undefined || session.name === name),
      ),
    );
    scanned += keys.length;
    after = keys.at(-1) ?? after;
    hasMore = page.hasMore;
  }
  if (!hasMore || after === undefined) return { sessions };
  return { sessions, nextToken: pageToken(under(SESSIONS_PREFIX, after, prefix)) };
}

/** What lists those that are listed: their markers; all sessions, until those of an older version are marked. */
async function listedPrefix(store: StateStore): Promise<string> {
  const marked = await store.read(LISTED_MARKED_KEY, markedSchema);
  return marked === undefined ? SESSIONS_PREFIX : LISTED_PREFIX;
}

/** A marker and its session have the same name. */
const under = (prefix: string, key: string, former: string): string => prefix + key.slice(former.length);
