import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RECORDER_TASK } from '../../../infra/wiring.ts';

const MODULE = path.resolve(import.meta.dirname, '../../../container/attempt/bufferAccounting.ts');
const TAG = 'v8.cachedDataVersionTag()';

/** What V8 compares compiled code with: its version and flags. */
async function tag(nodeArguments: readonly string[], program: string): Promise<string> {
  const args = [...nodeArguments, '--input-type=module', '-e', `import v8 from 'node:v8'; ${program}`];
  return (await promisify(execFile)(process.execPath, args)).stdout.trim();
}

describe('how V8 counts buffers', () => {
  it('is no argument of Node: with those that a recorder has V8 takes what was compiled without', async () => {
    const print = `console.log(${TAG})`;
    expect(await tag(RECORDER_TASK.nodeArguments, print)).toBe(await tag([], print));
  });

  it('is told when the process has begun', async () => {
    const told = `
      const { countBuffersWhereTheyLie } = await import(${JSON.stringify(MODULE)});
      const begun = [];
      globalThis.setTimeout = (run) => { begun.push(run); return { unref() {} }; };
      countBuffersWhereTheyLie();
      for (const run of begun) run();
      console.log(${TAG})`;
    expect(await tag([], told)).toBe(
      await tag(['--external-memory-accounted-in-global-limit'], `console.log(${TAG})`),
    );
  });
});
