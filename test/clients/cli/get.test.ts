import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readArguments } from '../../../clients/cli/arguments.ts';
import { RUN } from '../../../clients/cli/commands.ts';
import type { Part, RecorderClient, Recording } from '../../../clients/typescript/client.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'get-'));
  vi.stubGlobal('fetch', async (url: string) =>
    url.endsWith('/refused') ? new Response('', { status: 403 }) : new Response(`bytes of ${url}`),
  );
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true, force: true });
});

type Shown = Pick<Part, 'part' | 'fileName' | 'bytes'> & { readonly at?: string };

/** The command, of a recording whose parts come in these pages. */
async function get(...pages: readonly (readonly Shown[])[]) {
  const recording = async (_id: string, { nextToken = '0' }: { readonly nextToken?: string } = {}) => {
    const next = Number(nextToken) + 1;
    const parts = pages[next - 1]?.map(({ at, ...part }) => ({
      ...part,
      ...(at === undefined ? {} : { download: { url: `https://api.example/${at}` } }),
    }));
    return { parts, ...(next < pages.length ? { nextToken: String(next) } : {}) } as unknown as Recording;
  };
  const said: string[] = [];
  const args = readArguments(['get', 'R', '--output', folder, '--json'], {});
  if (args === undefined) throw new Error('no arguments');
  const code = await RUN.get({ recording } as unknown as RecorderClient, args, {
    say: (line) => said.push(line),
    live: () => undefined,
    sleep: async () => undefined,
    nowMs: () => 0,
    interrupted: new AbortController().signal,
  });
  return { code, files: said.map((line) => (JSON.parse(line) as { file: string }).file) };
}

it('has the files of all pages; two of one name are two files, and a part that holds nothing is none', async () => {
  const { code, files } = await get(
    [{ part: 1, fileName: 'a.mp4', at: '1' }],
    [
      { part: 2, fileName: 'a.mp4', at: '2' },
      { part: 3, fileName: 'c.mp4', bytes: 0 },
    ],
  );
  expect(code).toBe(0);
  expect(files).toEqual([path.join(folder, 'a.mp4'), path.join(folder, 'part-2-a.mp4')]);
  expect(await Promise.all(files.map((file) => readFile(file, 'utf8')))).toEqual([
    'bytes of https://api.example/1',
    'bytes of https://api.example/2',
  ]);
});

it('says that files are missing, or that one is refused, and leaves no half file', async () => {
  const first = { part: 1, fileName: 'a.mp4', at: '1' };
  await expect(get([first, { part: 2, fileName: 'b.mp4', bytes: 7 }])).rejects.toMatchObject({
    code: 'files_missing',
  });
  await expect(get([first, { part: 2, fileName: 'b.mp4', at: 'refused' }])).rejects.toMatchObject({
    code: 'download_failed',
    status: 403,
  });
  expect(await readdir(folder)).toEqual(['a.mp4']);
  await expect(get([{ part: 1 }])).rejects.toMatchObject({ code: 'nothing_to_download' });
});
