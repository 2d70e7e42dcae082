import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findOnPath } from '../../infra/local/tools.ts';
import { BUILD_TOOLS, quickFolder } from './quickFfmpeg.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'quick-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @param calls what it does, besides writing its first argument @returns its path */
function program(calls: string): string {
  const library = (name: string, own: string): string => {
    const file = path.join(folder, name);
    const loaded = `__attribute__((constructor)) static void begin(void) { puts("${name} is loaded"); }`;
    gcc(['-shared', '-fPIC', `-Wl,-soname,${name}`], `${own}\n${loaded}`, file);
    return file;
  };
  const speech = library('libflite.so.1', 'void speak(void) { puts("spoken"); }');
  const codec = library('libcodec.so.3', 'void encode(void) { puts("encoded"); }');
  const file = path.join(folder, 'program');
  const code = `void speak(void); void encode(void);
    int main(int count, char **arguments) { puts(arguments[1]); fflush(stdout); ${calls} }`;
  gcc([`-Wl,-rpath,${folder}`], code, file, [speech, codec]);
  return file;
}

function gcc(args: readonly string[], code: string, output: string, libraries: readonly string[] = []): void {
  const whole = [...args, '-x', 'c', '-', '-x', 'none', ...libraries, '-o', output];
  execFileSync('gcc', whole, { input: `#include <stdio.h>\n${code}` });
}

function quick(file: string): string {
  const cache = path.join(folder, 'cache');
  const made = quickFolder([file], cache);
  expect(quickFolder([file], cache)).toBe(made);
  return path.join(made, path.basename(file));
}

const run = (file: string): string[] =>
  execFileSync(file, ['an "argument"'], { encoding: 'utf8', stdio: 'pipe' }).trimEnd().split('\n');

describe.skipIf(BUILD_TOOLS.some((tool) => findOnPath(tool) === undefined))('a program of the tests', () => {
  it('begins without the libraries that no test uses, and with all others', () => {
    const file = program('if (count > 2) speak(); encode();');
    expect(run(file).sort()).toEqual([
      ...['an "argument"', 'encoded', 'libcodec.so.3 is loaded', 'libflite.so.1 is loaded'],
    ]);
    expect(run(quick(file)).sort()).toEqual(['an "argument"', 'encoded', 'libcodec.so.3 is loaded']);
  });

  it('ends where it uses one of them', () => {
    expect(() => run(quick(program('speak();')))).toThrow(expect.objectContaining({ signal: 'SIGILL' }));
  });
});
