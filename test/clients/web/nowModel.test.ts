import { expect, it } from 'vitest';
import {
  ApiError,
  type RecorderClient,
  type Recording,
  type Stream,
} from '../../../clients/typescript/client.ts';
import { loadTiles } from '../../../clients/web/nowModel.ts';

type Known = Pick<Recording, 'recordingId' | 'mediaSessionId' | 'streamName' | 'status'>;

/** An API with these recordings, some of which are gone once they were listed. */
function clientOf(
  recordings: readonly Known[],
  options: { readonly fault?: ApiError; readonly streams?: readonly Partial<Stream>[] } = {},
) {
  const { fault, streams = [] } = options;
  const page = (wanted?: string) => ({
    recordings: recordings.filter(({ status }) => wanted === 'active' && status !== 'available'),
  });
  return {
    streams: async () => streams,
    recordings: async ({ status }: { readonly status?: string }) => page(status),
    recording: async (recordingId: string) => {
      if (recordingId === 'GONE' && fault !== undefined) throw fault;
      return recordings.find((one) => one.recordingId === recordingId);
    },
  } as unknown as RecorderClient;
}

const recording = (recordingId: string, status: Recording['status'], mediaSessionId = recordingId) =>
  ({ recordingId, status, mediaSessionId, streamName: `stream ${recordingId}` }) as const;
const asked = (status: number) => new ApiError('no', { status, code: 'any' });

it('has a tile for each stream that is published, and for each recording that goes on', async () => {
  const streams = [
    { mediaSessionId: 'm1', name: 'one', status: 'PUBLISHING' },
    { mediaSessionId: 'm2', name: 'two', status: 'PUBLISHING' },
    { mediaSessionId: 'm3', name: 'three', status: 'UNPUBLISHED' },
  ] as const;
  const client = clientOf(
    [recording('A', 'recording', 'm1'), recording('B', 'stopping', 'm1'), recording('C', 'available')],
    { streams },
  );
  const tiles = await loadTiles(client);
  expect(tiles.map(({ key, recording: shown }) => [key, shown?.recordingId])).toEqual([
    ['m1', 'A'],
    ['B', 'B'],
    ['m2', undefined],
  ]);
});

it('shows the others where one was deleted since it was listed, and no other fault is passed over', async () => {
  const recordings = [recording('GONE', 'recording'), recording('STAYS', 'recording')];
  const tiles = await loadTiles(clientOf(recordings, { fault: asked(404) }));
  expect(tiles.map(({ key }) => key)).toEqual(['STAYS']);
  await expect(loadTiles(clientOf(recordings, { fault: asked(500) }))).rejects.toMatchObject({ status: 500 });
});
