import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderCache } from '../../../infra/local/folderCache.ts';

const HOUR_MS = 3_600_000;
let root: string;
let nowMs: number;
let made: string[];
beforeEach(() => {
  root = path.join(mkdtempSync(path.join(tmpdir(), 'folder-cache-')), 'cache');
  nowMs = Date.now();
  made = [];
});
afterEach(() => rmSync(path.dirname(root), { recursive: true }));

/** Each is another process. */
const cache = () => new FolderCache(root, () => nowMs);
const make = (name: string) => async (folder: string) => {
  made.push(name);
  writeFileSync(path.join(folder, 'file'), name);
};

it('makes a folder once, for all processes', async () => {
  const folder = await cache().folder('a', make('a'));
  expect(await cache().folder('a', make('b'))).toBe(folder);
  expect([made, readFileSync(path.join(folder, 'file'), 'utf8')]).toEqual([['a'], 'a']);
});

it('gives several that need it at the same time the same one, made once, and leaves nothing else', async () => {
  const folders = await Promise.all([1, 2, 3].map(() => cache().folder('a', make('a'))));
  expect(new Set(folders).size).toBe(1);
  expect(readdirSync(root)).toEqual(['a']);
  expect(made).toEqual(['a']);
});

it('is made by another process where the one that was making it is no more', async () => {
  mkdirSync(root);
  // There is such a process, but it is a younger one.
  symlinkSync(`${process.pid} 1`, path.join(root, 'claim-a'));
  await cache().folder('a', make('a'));
  expect([made, readdirSync(root)]).toEqual([['a'], ['a']]);
});

it('keeps what a process uses, for as long as it uses it, and removes what nobody does', async () => {
  const running = cache();
  const used = await running.folder('used', make('used'));
  const unused = await cache().folder('unused', make('unused'));
  for (let hour = 0; hour < 30; hour++) {
    nowMs += HOUR_MS;
    expect(await running.use(used)).toBe(true);
  }
  await cache().folder('next', make('next'));
  expect([existsSync(used), existsSync(unused)]).toEqual([true, false]);
});

it('says why it could not be made, and is made the next time', async () => {
  const failing = async () => {
    throw new Error('a syntax error');
  };
  await expect(cache().folder('a', failing)).rejects.toThrow('a syntax error');
  expect(readdirSync(root)).toEqual([]);
  await cache().folder('a', make('a'));
  expect(made).toEqual(['a']);
});
