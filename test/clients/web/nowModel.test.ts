import { expect, it } from 'vitest';
import type { RecorderClient, RecordingSummary, Stream } from '../../../clients/typescript/client.ts';
import { lookedAt } from '../../../clients/web/healthModel.ts';
import { loadTiles, PAGE } from '../../../clients/web/nowModel.ts';

type Known = Pick<RecordingSummary, 'recordingId' | 'mediaSessionId' | 'streamName' | 'status'>;

/** An API with these recordings and streams, in pages of a hundred. */
function clientOf(recordings: readonly Known[], streams: readonly Partial<Stream>[] = []) {
  const asked: string[] = [];
  const page = <T>(all: readonly T[], nextToken = '0') => {
    const end = Number(nextToken) + PAGE;
    return { items: all.slice(end - PAGE, end), ...(end < all.length ? { nextToken: String(end) } : {}) };
  };
  const client = {
    async streamPage({ status, nextToken }: { readonly status?: string; readonly nextToken?: string }) {
      asked.push('streams');
      const { items, ...next } = page(
        streams.filter((one) => one.status === status),
        nextToken,
      );
      return { streams: items, ...next };
    },
    async recordings({ status, nextToken }: { readonly status?: string; readonly nextToken?: string }) {
      asked.push('recordings');
      const wanted = recordings.filter((one) => status === undefined || one.status !== 'available');
      const { items, ...next } = page(wanted, nextToken);
      return { recordings: items, ...next };
    },
    async status() {
      asked.push('status');
      return { activeRecordings: recordings.length, moreActiveRecordings: false };
    },
  } as unknown as RecorderClient;
  return { asked, client };
}

const recording = (recordingId: string, status: Known['status'], mediaSessionId = recordingId) =>
  ({ recordingId, status, mediaSessionId, streamName: `stream ${recordingId}` }) as const;
const thousand = Array.from({ length: 1_000 }, (_, n) => recording(String(9_999 - n), 'recording'));

it('has a tile for each stream that is published, and for each recording that goes on', async () => {
  const streams = [
    { mediaSessionId: 'm1', name: 'one', status: 'PUBLISHING' },
    { mediaSessionId: 'm2', name: 'two', status: 'PUBLISHING' },
    { mediaSessionId: 'm3', name: 'three', status: 'UNPUBLISHED' },
  ] as const;
  const recordings = [
    ...[recording('A', 'recording', 'm1'), recording('B', 'stopping', 'm1'), recording('C', 'available')],
  ];
  const { tiles, isCut } = await loadTiles(clientOf(recordings, streams).client, PAGE);
  expect(tiles.map(({ key, recording: shown }) => [key, shown?.recordingId])).toEqual([
    ['m1', 'A'],
    ['B', 'B'],
    ['m2', undefined],
  ]);
  expect(isCut).toBe(false);
});

it('looks at as many pages as are shown, and says how many there are', async () => {
  const { asked, client } = clientOf(thousand);
  const first = await loadTiles(client, PAGE);
  expect(asked.toSorted()).toEqual(['recordings', 'status', 'streams']);
  expect(first).toMatchObject({ isCut: true, activeRecordings: { count: 1_000, isMore: false } });
  expect(first.tiles.map(({ key }) => key).toSorted()[0]).toBe('9900');
  const all = await loadTiles(client, 1_000);
  expect(all.tiles).toHaveLength(1_000);
  expect(all).not.toHaveProperty('activeRecordings');
  expect(all.isCut).toBe(false);
});

it('says so too where the streams are more than are shown', async () => {
  const streams = thousand.map(({ mediaSessionId, streamName }) => {
    return { mediaSessionId, name: streamName, status: 'PUBLISHING' } as const;
  });
  const { tiles, isCut } = await loadTiles(clientOf([], streams).client, 2 * PAGE);
  expect([tiles.length, isCut]).toEqual([2 * PAGE, true]);
});

it('looks for what worries an operator at all that goes on, and at the newest of the others', async () => {
  const old = recording('0', 'stopping');
  const ended = Array.from({ length: 400 }, (_, n) => recording(`8${999 - n}`, 'available'));
  const looked = await lookedAt(clientOf([...thousand.slice(1), ...ended, old]).client);
  expect(looked).toMatchObject({ newest: 300, isNewestCut: true, isActiveCut: false });
  expect(looked.recordings.at(-1)).toEqual(old);
  expect(new Set(looked.recordings).size).toBe(1_000);
  expect(await lookedAt(clientOf([...thousand, old]).client)).toMatchObject({ isActiveCut: true });
});
