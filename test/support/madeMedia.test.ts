import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Making, made, madeFile } from './madeMedia.ts';

let folder: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'made-'));
  cache = path.join(folder, 'cache');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** @returns what came, and whether it was made for that */
function make(args: readonly string[], more: Partial<Making> = {}) {
  let isMade = false;
  const bytes = made(
    { args, folder, output: 'file', extension: '.mp4', ...more },
    () => {
      isMade = true;
      return Buffer.from('media');
    },
    cache,
  );
  expect(bytes.toString()).toBe('media');
  return isMade;
}

describe('media that tests are fed with', () => {
  it('are made once for the same arguments, output and container', () => {
    expect(make(['-t', '10'])).toBe(true);
    expect(make(['-t', '10'])).toBe(false);
    expect(make(['-t', '11'])).toBe(true);
    expect(make(['-t1', '0'])).toBe(true);
    expect(make(['-t', '10'], { extension: '.mkv' })).toBe(true);
    expect(make(['-t', '10'], { output: 'pipe' })).toBe(true);
    expect(make(['-t', '10'])).toBe(false);
  });

  it('are made of what is in the files that are named, and not of their names', () => {
    const [one, two] = ['one.mp4', 'two.mp4'].map((name) => path.join(folder, name)) as [string, string];
    writeFileSync(one, 'a');
    writeFileSync(two, 'a');
    expect(make(['-i', one])).toBe(true);
    expect(make(['-i', two])).toBe(false);
    writeFileSync(two, 'b');
    expect(make(['-i', two])).toBe(true);
    const raw = path.join(folder, 'two.h264');
    writeFileSync(raw, 'b');
    expect(make(['-i', raw])).toBe(true);
  });

  it.each([
    ['what is fetched', ['-i', 'http://127.0.0.1/a.mp4'], {}],
    ['a file of somebody else', ['-i', '/etc/hostname'], {}],
    ['a second output', ['-f', 'mp4', 'FOLDER/second.mp4'], {}],
    ['a file that a filter reads', ['-i', "movie='FOLDER/list.txt'"], {}],
    ['a list of files', ['-f', 'concat', '-i', 'FOLDER/list.txt'], {}],
    ['a playlist', ['-i', 'FOLDER/list.txt'], {}],
    ['segments', ['-f', 'hls'], {}],
    ['segments, told by the name', ['-t', '10'], { extension: '.m3u8' }],
  ] as const)('are made each time of %s', (_name, args, more) => {
    writeFileSync(path.join(folder, 'list.txt'), "file 'one.mp4'");
    const named = args.map((argument) => argument.replace('FOLDER', folder));
    expect([make(named, more), make(named, more)]).toEqual([true, true]);
  });

  it('are a file of their own where that is asked for, made once', () => {
    let times = 0;
    const file = (...of: string[]) =>
      madeFile(
        of,
        '.nut',
        (to) => {
          times += 1;
          writeFileSync(to, of.join(' '));
        },
        cache,
      );
    expect([file('a', 'b'), file('a', 'b'), file('b')].map((one) => readFileSync(one, 'utf8'))).toEqual([
      'a b',
      'a b',
      'b',
    ]);
    expect(times).toBe(2);
    expect(path.extname(file('b'))).toBe('.nut');
  });

  it('leave nothing half written', () => {
    make(['-t', '10']);
    const kept = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(kept.map(({ name }) => name)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });
});
