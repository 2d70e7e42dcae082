import { writeFile } from 'node:fs/promises';

/** The most that the kernel takes; whoever owns a process may raise it, without any right. */
const FIRST = 1000;

/**
 * Where memory is short, the kernel ends this process before all others: ffmpeg is started again, and whoever reads from it
 * carries other recordings too. Where there is no such setting, or ffmpeg has a user of its own and has done it by itself
 * (./apart.c), nothing happens.
 * @throws what is neither that, nor that the process has gone
 */
export async function endFirstWithoutMemory(pid: number): Promise<void> {
  try {
    await writeFile(`/proc/${pid}/oom_score_adj`, String(FIRST));
  } catch (error) {
    if (!['ENOENT', 'ESRCH', 'EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  }
}
