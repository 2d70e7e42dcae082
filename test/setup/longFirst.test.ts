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
  it('has the long ones of each project early, with others between them, and leaves those as they are', () => {
    const [longest = '', next = '', other = ''] = LONG;
    const [unit, media] = [project('unit'), project('media')];
    const others = ['e', 'd', 'c', 'b', 'a', 'f', 'g'].map((name) => `${name}.test.ts`);
    const sorted = [
      ...[file('a.test.ts', unit), file(other, unit)],
      ...[...others.slice(0, 3), next, ...others.slice(3), longest].map((name) => file(name, media)),
    ];
    const names = longFirst(sorted).map(({ moduleId }) => path.relative(ROOT, moduleId));
    expect(names).toEqual([
      ...[other, 'a.test.ts'],
      ...[longest, ...others.slice(0, 2), next, ...others.slice(2)],
    ]);
    expect(longFirst([file('a.test.ts', unit)])).toHaveLength(1);
  });

  it('names files that are there', () => {
    expect(LONG.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
    expect(new Set(LONG).size).toBe(LONG.length);
  });
});
