import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PageFile } from '../../../container/upload/pageFile.ts';

describe('pages on disk', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pages-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are read as they were written, in any order, and give the disk back', () => {
    const file = path.join(folder, 'index');
    const pages = new PageFile(file);
    expect(existsSync(file)).toBe(false);
    const page = Buffer.alloc(24_576);
    const numbers = [7, 8, 9].map((byte) => pages.write(page.fill(byte)));
    expect(statSync(file).size).toBe(3 * page.length);
    for (const number of numbers.toReversed()) {
      expect(pages.read(number).equals(Buffer.alloc(page.length, 7 + numbers.indexOf(number)))).toBe(true);
    }
    pages.close();
    expect(existsSync(file)).toBe(false);
  });

  it('that are not there are an error, never zeros', () => {
    const file = path.join(folder, 'short');
    const pages = new PageFile(file);
    expect(() => pages.read(0)).toThrow('there is no page 0');
    const number = pages.write(Buffer.alloc(100, 1));
    truncateSync(file, 60);
    expect(() => pages.read(number)).toThrow(`${file} ends 40 bytes too early`);
    pages.close();
  });

  it('cost nothing where none was written', () => {
    const pages = new PageFile(path.join(folder, 'no such folder', 'index'));
    pages.close();
    expect(() => pages.write(Buffer.alloc(1))).toThrow('ENOENT');
  });
});
