import { readdirSync, readFileSync } from 'node:fs';

/** What Linux knows of a process. Each throws when the process is gone. */

/** CPU seconds of its threads so far, its children not counted. */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // Exact, unlike the hundredths in `stat`. Node's threads and ffmpeg's live as long as their process.
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  }
  return nanoseconds / 1e9;
}

/** CPU seconds of this process's children that have ended, in hundredths. */
export function childrenCpuSeconds(): number {
  // Behind its name, which may hold anything: cutime and cstime, its 16th and 17th field (proc_pid_stat(5)).
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/**
 * VmRSS is what is in memory; VmHWM is its peak. RssFile is what of it are pages of the program's file, which the kernel
 * shares with other processes and takes back when it needs them; RssAnon is the process's own.
 */
export function memoryMb(pid: number, field: 'VmRSS' | 'VmHWM' | 'RssAnon' | 'RssFile'): number {
  const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readStatus(pid)) ?? [];
  return (Number(kib) * 1024) / 1e6;
}

/** Its child of this name; undefined while there is none. */
export function childOf(pid: number, name: string): number | undefined {
  return childrenOf(pid).find((child) => readStatus(child).startsWith(`Name:\t${name}\n`));
}

/** Those that its main thread has started. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

function readStatus(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'latin1');
}
