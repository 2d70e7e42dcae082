import { afterEach, expect, it, vi } from 'vitest';
import type { Part, RecorderClient } from '../../../clients/typescript/client.ts';
import { zipOf } from '../../../clients/web/zip.ts';

afterEach(() => void vi.unstubAllGlobals());

/** Of a central directory: one for each file. */
const ENTRY = 'PK\u0001\u0002';

/** Recordings by their ids, with so many parts in the library each. */
const clientOf = (parts: Readonly<Record<string, number>>): RecorderClient =>
  ({
    parts: async (recordingId: string) =>
      Array.from({ length: parts[recordingId] ?? 0 }, (_, index) => ({
        part: index + 1,
        fileName: `camera_${index + 1}.mp4`,
        play: { url: `https://api.example/${recordingId}/${index + 1}` },
      })) as unknown as Part[],
  }) as unknown as RecorderClient;

/** Answers each link with its own address. */
const answer = async (url: string): Promise<Response> => new Response(`bytes of ${url}`);

it('has all parts of all recordings, each in its folder', async () => {
  vi.stubGlobal('fetch', answer);
  const zip = await zipOf(clientOf({ A: 150, B: 1 }), ['A', 'B']);
  const text = Buffer.from(await zip.arrayBuffer()).toString('latin1');
  expect(text.split(ENTRY)).toHaveLength(152);
  for (const [name, url] of [
    ['A/camera_1.mp4', 'A/1'],
    ['A/camera_150.mp4', 'A/150'],
    ['B/camera_1.mp4', 'B/1'],
  ] as const)
    expect(text).toContain(`${name}bytes of https://api.example/${url}`);
});

it('is none where one file cannot be had, or there is none at all', async () => {
  vi.stubGlobal('fetch', async (url: string) =>
    url.endsWith('A/2') ? new Response('<Error/>', { status: 403 }) : answer(url),
  );
  await expect(zipOf(clientOf({ A: 3 }), ['A'])).rejects.toMatchObject({
    code: 'download_failed',
    status: 403,
  });
  await expect(zipOf(clientOf({}), ['A'])).rejects.toMatchObject({ code: 'nothing_to_download' });
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(zipOf(clientOf({ A: 1 }), ['A'])).rejects.toMatchObject({
    code: 'download_failed',
    status: 0,
  });
});
