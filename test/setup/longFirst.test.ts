import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LONG, longFirst } from './longFirst.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const project = (name: string) => ({ name, config: { root: ROOT } });
const file = (name: string, where: ReturnType<typeof project>) => ({
  moduleId: path.join(ROOT, name),
  project: where,
});

describe('the order of test files', () => {
  it('has the long ones of each project first, and leaves all others as they are', () => {
    const [longest = '', next = '', other = ''] = LONG;
    const [unit, media] = [project('unit'), project('media')];
    const sorted = [
      ...[file('a.test.ts', unit), file(other, unit)],
      ...[file('c.test.ts', media), file(next, media), file('b.test.ts', media), file(longest, media)],
    ];
    const names = longFirst(sorted).map(({ moduleId }) => path.relative(ROOT, moduleId));
    expect(names).toEqual([other, 'a.test.ts', longest, next, 'c.test.ts', 'b.test.ts']);
  });

  it('names files that are there', () => {
    expect(LONG.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
    expect(new Set(LONG).size).toBe(LONG.length);
  });
});
