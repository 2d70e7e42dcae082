import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runScript } from '../../../functions/onRecord/runScript.ts';
import { waitFor } from '../../support/children.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'script-'));
afterAll(() => rmSync(folder, { recursive: true }));

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function run(file: string, args: readonly string[] = [], timeoutMs = 20_000): Promise<string[]> {
  const lines: string[] = [];
  const env = { PATH: process.env.PATH ?? '' };
  await runScript({ script: file, args, env, folder, timeoutMs, onLine: (line) => void lines.push(line) });
  return lines;
}

it('runs a script with its arguments and tells each line of both outputs', async () => {
  const lines = await run(script('both.sh', 'echo "$1"; echo "$2" >&2; printf last'), ['a b', '$(id)']);
  expect([...lines].sort()).toEqual(['$(id)', 'a b', 'last']);
});

it('kills a script that does not end in time, and what it has started', async () => {
  const pidFile = path.join(folder, 'pid.txt');
  const late = script('late.sh', `sleep 600 & echo $! > '${pidFile}'; wait`);
  await expect(run(late, [], 500)).rejects.toThrow(/did not end in/);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await waitFor('the process to be gone', () => (existsSync(`/proc/${pid}`) ? undefined : true));
});

it('does not wait for what has left its process group', async () => {
  const pidFile = path.join(folder, 'away.txt');
  const file = script('away.sh', `setsid sh -c 'echo $$ > "${pidFile}"; sleep 600' & sleep 0.5; echo done`);
  expect(await run(file)).toEqual(['done']);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
});

it.each([
  ['exit 3', 'the script ended with exit code 3'],
  ['kill -TERM $$', 'the script ended with SIGTERM'],
])('says how it ended: %s', async (text, message) => {
  await expect(run(script('ends.sh', text))).rejects.toThrow(message);
});

it('says that it cannot be run', async () => {
  await expect(run(path.join(folder, 'none.sh'))).rejects.toThrow('ENOENT');
  const plain = path.join(folder, 'plain.txt');
  writeFileSync(plain, 'not a program');
  await expect(run(plain)).rejects.toThrow('EACCES');
});
