import { globSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { levelsOf, runtimeImports } from './levels.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const levels = levelsOf(ROOT);

describe('the levels of tests', () => {
  it('have every file once, and both have some', () => {
    expect(levels.unit.filter((file) => levels.media.includes(file))).toEqual([]);
    expect(levels.unit.length).toBeGreaterThan(20);
    expect(levels.media.length).toBeGreaterThan(20);
  });

  it('follow what a test imports, through its helpers', () => {
    // fast-check and a store in memory.
    expect(levels.unit).toContain('test/functions/core/protocol/start.test.ts');
    // ffmpeg, by way of test/support/media.ts; CDK; this file, for its http.
    expect(levels.media).toContain('test/functions/core/media/mp4.test.ts');
    expect(levels.media).toContain('test/infra/construct/onRecord.test.ts');
    expect(levels.media).toContain('test/setup/levels.test.ts');
    expect(createServer).toBeTypeOf('function');
  });

  it('share no helper whose hooks come with its import: only the first file of a process would have them', () => {
    const helpers = globSync('test/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'));
    expect(helpers.length).toBeGreaterThan(20);
    const hooked = helpers.filter((file) =>
      /^(before|after|around)(All|Each)\(/m.test(readFileSync(path.join(ROOT, file), 'utf8')),
    );
    expect(hooked).toEqual([]);
  });

  it('mock no module: Node loads them by itself, and vitest would not see it', () => {
    const mocking = globSync('test/**/*.ts', { cwd: ROOT }).filter((file) =>
      /\bvi\.(mock|doMock|hoisted|importActual)\(/.test(readFileSync(path.join(ROOT, file), 'utf8')),
    );
    expect(mocking).toEqual([]);
  });

  it('count no type that leaves nothing at run time', () => {
    const source = `import type { Server } from 'node:net';
import {
  a,
} from './a.ts';
import './b.ts';
export { c } from 'node:http';
const d = await import('./d.ts');`;
    expect(runtimeImports(source)).toEqual(['./a.ts', './b.ts', 'node:http', './d.ts']);
  });
});
