import { readFileSync } from 'node:fs';

const NS_PER_MS = 1e6;

/**
 * How long a process has waited for a CPU since it began, in ms: its first thread, which in ffmpeg opens the source. 0 where
 * the system does not say, or the process has gone.
 */
export function starvedMs(pid: number): number {
  try {
    // Time on a CPU, time of waiting for one, and how often it got one.
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs ?? 0) / NS_PER_MS;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return 0;
    throw error;
  }
}
