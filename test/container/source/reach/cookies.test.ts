import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Cookies } from '../../../../container/source/reach/cookies.ts';

const MODULE = path.resolve(import.meta.dirname, '../../../../container/source/reach/cookies.ts');

describe('cookies of a source', () => {
  it('go back to whom they are meant for, also those that two answers set at one moment', async () => {
    const cookies = new Cookies();
    expect(cookies.for('http://a.example/live/1.ts')).toBeUndefined();
    await Promise.all([
      cookies.take(['session=1; Path=/live'], 'http://a.example/live/list.m3u8'),
      cookies.take(['node=2', 'of another=3; Domain=b.example', ''], 'http://a.example/'),
    ]);
    expect(cookies.for('http://a.example/live/1.ts')).toBe('session=1; node=2');
    expect(cookies.for('http://a.example/other')).toBe('node=2');
    expect(cookies.for('http://b.example/live/1.ts')).toBeUndefined();
  });

  it('load their list of public suffixes with the first of them', async () => {
    const program = `
      const { createRequire } = await import('node:module');
      const { Cookies } = await import(${JSON.stringify(MODULE)});
      const { cache } = createRequire(${JSON.stringify(MODULE)});
      const tell = () => console.log(Object.keys(cache).some((file) => file.includes('tldts')));
      const cookies = new Cookies();
      await cookies.take([], 'http://a.example/');
      tell();
      await cookies.take(['a=1'], 'http://a.example/');
      tell();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toBe('false\ntrue\n');
  });
});
