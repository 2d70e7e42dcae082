import type { RecordingSummary } from '../typescript/client.ts';

/** Recordings from the newest on, as far as they have been asked for. */
export interface Listed {
  readonly recordings: readonly RecordingSummary[];
  /** For those that follow; absent at the end. */
  readonly nextToken?: string | undefined;
}

/**
 * The first page again, over what is known of it and what follows. Ids are in the order of time: within the page's own
 * stretch what is not in it is gone, and before it nothing has changed. A page that is so much newer that it does not
 * reach what is known begins the list anew.
 */
export function withFirst(known: Listed | undefined, first: Listed): Listed {
  const last = first.recordings.at(-1);
  if (known === undefined || first.nextToken === undefined) return first;
  if (last === undefined) return known;
  const reaches = known.recordings.some(({ recordingId }) => recordingId >= last.recordingId);
  const older = known.recordings.filter(({ recordingId }) => recordingId < last.recordingId);
  if (!reaches || older.length === 0) return first;
  return { recordings: [...first.recordings, ...older], nextToken: known.nextToken };
}

export const withMore = (known: Listed, page: Listed): Listed => ({
  recordings: [...known.recordings, ...page.recordings],
  nextToken: page.nextToken,
});

export const without = (known: Listed, gone: ReadonlySet<string>): Listed => ({
  ...known,
  recordings: known.recordings.filter(({ recordingId }) => !gone.has(recordingId)),
});

export interface Day {
  readonly day: string;
  readonly recordings: readonly RecordingSummary[];
}

/** Pieces of so many recordings, and each by its days. @param dayOf of a time, in the reader's own zone */
export function piecesOf(
  recordings: readonly RecordingSummary[],
  count: number,
  dayOf: (iso: string) => string,
): Day[][] {
  const pieces: Day[][] = [];
  for (let at = 0; at < recordings.length; at += count) {
    const days = Map.groupBy(recordings.slice(at, at + count), ({ requestedAt }) => dayOf(requestedAt));
    pieces.push([...days].map(([day, these]) => ({ day, recordings: these })));
  }
  return pieces;
}
