import { afterEach, expect, it, vi } from 'vitest';
import type { Part, RecorderClient } from '../../../clients/typescript/client.ts';
import { IN_MEMORY_MAX_BYTES, type PickedFile, saveStream } from '../../../clients/web/saving.ts';
import { saveZip } from '../../../clients/web/zip.ts';

afterEach(() => void vi.unstubAllGlobals());

/** Of a central directory: one for each file. */
const ENTRY = 'PK\u0001\u0002';

/** Recordings by their ids, with so many parts in the library each, of so many bytes. */
const clientOf = (parts: Readonly<Record<string, number>>, bytes = 1): RecorderClient =>
  ({
    parts: async (recordingId: string) =>
      Array.from({ length: parts[recordingId] ?? 0 }, (_, index) => ({
        ...{ part: index + 1, fileName: `camera_${index + 1}.mp4`, bytes },
        play: { url: `https://api.example/${recordingId}/${index + 1}` },
      })) as unknown as Part[],
  }) as unknown as RecorderClient;

/** Answers each link with its own address. */
const answer = async (url: string): Promise<Response> => new Response(`bytes of ${url}`);

/** A browser that lets a page write a file, and what it holds; undefined once it is none. */
function disk() {
  const chunks: Uint8Array[] = [];
  const disk: { text: string | undefined } = { text: undefined };
  const file: PickedFile = {
    createWritable: async () =>
      new WritableStream({
        write: (chunk) => void chunks.push(chunk),
        close() {
          disk.text = Buffer.concat(chunks).toString('latin1');
        },
      }),
    remove: async () => {
      disk.text = undefined;
    },
  };
  const save: typeof saveStream = (fileName, make, bytesOf) => {
    disk.text = '';
    return saveStream(fileName, make, bytesOf, { showSaveFilePicker: async () => file });
  };
  return { disk, save };
}

it('has all parts of all recordings, each in its folder, written as they come', async () => {
  vi.stubGlobal('fetch', answer);
  const { disk: written, save } = disk();
  await saveZip(clientOf({ A: 150, B: 1 }), ['A', 'B'], save);
  expect(written.text?.split(ENTRY)).toHaveLength(152);
  for (const [name, url] of [
    ['A/camera_1.mp4', 'A/1'],
    ['A/camera_150.mp4', 'A/150'],
    ['B/camera_1.mp4', 'B/1'],
  ] as const)
    expect(written.text).toContain(`${name}bytes of https://api.example/${url}`);
});

it('is none where one file cannot be had, or there is none at all', async () => {
  vi.stubGlobal('fetch', async (url: string) =>
    url.endsWith('A/2') ? new Response('<Error/>', { status: 403 }) : answer(url),
  );
  const { disk: written, save } = disk();
  await expect(saveZip(clientOf({ A: 3 }), ['A'], save)).rejects.toMatchObject({
    code: 'download_failed',
    status: 403,
  });
  expect(written.text).toBeUndefined();
  await expect(saveZip(clientOf({}), ['A'], save)).rejects.toMatchObject({ code: 'nothing_to_download' });
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(saveZip(clientOf({ A: 1 }), ['A'], save)).rejects.toMatchObject({
    code: 'download_failed',
    status: 0,
  });
});

it('is given up without a word by whoever chooses no file', async () => {
  const cancel = async (): Promise<PickedFile> => {
    throw new DOMException('The user aborted a request.', 'AbortError');
  };
  await saveZip(clientOf({ A: 1 }), ['A'], (fileName, make, bytesOf) =>
    saveStream(fileName, make, bytesOf, { showSaveFilePicker: cancel }),
  );
});

it('goes by way of memory where a browser has nothing else, and no more than fits there', async () => {
  vi.stubGlobal('fetch', answer);
  const link = { href: '', download: '', click: vi.fn() };
  vi.stubGlobal('document', { createElement: () => link });
  const inMemory: typeof saveStream = (fileName, make, bytesOf) => saveStream(fileName, make, bytesOf, {});
  await saveZip(clientOf({ A: 2 }, IN_MEMORY_MAX_BYTES / 2), ['A'], inMemory);
  expect([link.download, link.click.mock.calls.length]).toEqual(['recordings.zip', 1]);
  await expect(saveZip(clientOf({ A: 3 }, IN_MEMORY_MAX_BYTES / 2), ['A'], inMemory)).rejects.toMatchObject({
    code: 'too_large_for_browser',
  });
  expect(link.click).toHaveBeenCalledTimes(1);
});
