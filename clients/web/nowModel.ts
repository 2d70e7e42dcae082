import type { RecorderClient, RecordingSummary, Stream } from '../typescript/client.ts';

/** A published stream, a recording that goes on, or both. */
export interface Tile {
  readonly key: string;
  readonly name: string;
  readonly stream?: Stream;
  readonly recording?: RecordingSummary;
}

export interface Tiles {
  readonly tiles: readonly Tile[];
  /** So many recordings, and so many streams, at most. */
  readonly wanted: number;
  /** There are more than were asked for: recordings that are older, or streams. */
  readonly isCut: boolean;
  /** How many recordings go on, where they are not all there: of so many at least. */
  readonly activeRecordings?: { readonly count: number; readonly isMore: boolean };
}

/** Of the API, at most. */
export const PAGE = 100;

type TilesClient = Pick<RecorderClient, 'streamPage' | 'recordings' | 'status'>;

/**
 * The streams that are published and the recordings that go on, so many of each, of recordings the newest. It costs a request
 * for each page, however many there are.
 */
export async function loadTiles(client: TilesClient, wanted: number): Promise<Tiles> {
  const limit = String(PAGE);
  const [published, active] = await Promise.all([
    upTo(wanted, async (next) => {
      const page = await client.streamPage({ limit, status: 'PUBLISHING', ...next });
      return { items: page.streams, nextToken: page.nextToken };
    }),
    activeRecordings(client, wanted),
  ]);
  const status = active.isCut ? await client.status() : undefined;
  return {
    tiles: tilesOf(published.items, active.items),
    wanted,
    isCut: published.isCut || active.isCut,
    ...(status === undefined
      ? {}
      : { activeRecordings: { count: status.activeRecordings, isMore: status.moreActiveRecordings } }),
  };
}

/** Those that go on, the newest first. */
export const activeRecordings = (
  client: Pick<RecorderClient, 'recordings'>,
  wanted: number,
): Promise<Paged<RecordingSummary>> =>
  upTo(wanted, async (next) => {
    const page = await client.recordings({ limit: String(PAGE), status: 'active', ...next });
    return { items: page.recordings, nextToken: page.nextToken };
  });

function tilesOf(published: readonly Stream[], recordings: readonly RecordingSummary[]): Tile[] {
  const streams = new Map(published.map((stream) => [stream.mediaSessionId, stream]));
  const seen = new Set<string>();
  const tiles: Tile[] = [];
  for (const recording of recordings) {
    const { mediaSessionId, recordingId } = recording;
    const stream = streams.get(mediaSessionId);
    // A stream's tile is the same one, and keeps the focus, before its recording and after.
    const key = seen.has(mediaSessionId) ? recordingId : mediaSessionId;
    seen.add(mediaSessionId);
    tiles.push({ key, name: recording.streamName, recording, ...(stream === undefined ? {} : { stream }) });
  }
  for (const stream of published) {
    if (!seen.has(stream.mediaSessionId)) {
      tiles.push({ key: stream.mediaSessionId, name: stream.name, stream });
    }
  }
  return tiles.sort((a, b) => a.name.localeCompare(b.name));
}

export interface Paged<T> {
  readonly items: readonly T[];
  readonly isCut: boolean;
}

/** So many of a list, page by page. */
export async function upTo<T>(
  wanted: number,
  read: (next: { nextToken?: string }) => Promise<{ items: readonly T[]; nextToken: string | undefined }>,
): Promise<Paged<T>> {
  const items: T[] = [];
  for (let next: { nextToken?: string } = {}; ; ) {
    const page = await read(next);
    items.push(...page.items);
    if (page.nextToken === undefined) return { items: items.slice(0, wanted), isCut: items.length > wanted };
    if (items.length >= wanted) return { items: items.slice(0, wanted), isCut: true };
    next = { nextToken: page.nextToken };
  }
}
