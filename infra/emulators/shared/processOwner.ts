import { readFileSync } from 'node:fs';

/** `<pid> <start time in clock ticks>`, which no other process ever has; empty when there is no such process. */
export function processOwner(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, which may hold spaces.
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return '';
  }
}
