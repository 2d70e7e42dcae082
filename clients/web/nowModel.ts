import { ApiError, type RecorderClient, type Recording, type Stream } from '../typescript/client.ts';

/** A published stream, a recording that goes on, or both. */
export interface Tile {
  readonly key: string;
  readonly name: string;
  readonly stream?: Stream;
  readonly recording?: Recording;
}

/** Recordings that are shown at a time, the newest: a page of the API. */
const MAX = '100';

type TilesClient = Pick<RecorderClient, 'streams' | 'recordings' | 'recording'>;

/** Each published stream, and each recording that goes on. */
export async function loadTiles(client: TilesClient): Promise<Tile[]> {
  const [streams, active] = await Promise.all([
    client.streams(),
    client.recordings({ limit: MAX, status: 'active' }),
  ]);
  const recordings = await Promise.all(
    active.recordings.map(({ recordingId }) => ifThere(client, recordingId)),
  );
  const published = streams.filter(({ status }) => status === 'PUBLISHING');
  const seen = new Set<string>();
  const tiles: Tile[] = [];
  for (const recording of recordings) {
    if (recording === undefined) continue;
    const { mediaSessionId, recordingId } = recording;
    const stream = published.find((one) => one.mediaSessionId === mediaSessionId);
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

/** One that has ended and was deleted since it was listed is no reason to show none. */
async function ifThere(client: TilesClient, recordingId: string): Promise<Recording | undefined> {
  try {
    return await client.recording(recordingId);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
