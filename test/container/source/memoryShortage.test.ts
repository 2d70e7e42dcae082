import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { endFirstWithoutMemory } from '../../../container/source/memoryShortage.ts';

it('where memory is short the kernel ends ffmpeg first, which need not be there any more', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const pid = child.pid ?? 0;
    await endFirstWithoutMemory(pid);
    expect(Number(await readFile(`/proc/${pid}/oom_score_adj`, 'utf8'))).toBe(1000);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await endFirstWithoutMemory(pid);
  } finally {
    child.kill('SIGKILL');
  }
});
