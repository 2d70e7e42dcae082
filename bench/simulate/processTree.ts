import { readFileSync } from 'node:fs';
import process from 'node:process';

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of this process and all that came of it, those that have ended included. */
export function treeCpuSeconds(pid: number = process.pid): number {
  let stat: string;
  let children: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  } catch (error) {
    // It has ended meanwhile, and its parent counts it.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
  // After the name, which may have blanks: state is the first of these, utime the twelfth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return children
    .split(' ')
    .filter((child) => child.trim() !== '')
    .reduce((sum, child) => sum + treeCpuSeconds(Number(child)), ticks / TICKS_PER_SECOND);
}
