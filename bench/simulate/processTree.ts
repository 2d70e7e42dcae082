import { readFileSync } from 'node:fs';
import process from 'node:process';

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** CPU milliseconds of what a runtime consists of, and of all of it. */
export interface CpuByKind {
  /** The thread of the emulated services. */
  readonly services: number;
  /** Functions, each in threads of the same process. */
  readonly functions: number;
  /** Supervisors of hosts. */
  readonly supervisors: number;
  readonly workers: number;
  readonly ffmpegs: number;
  /** What workers started, and has ended: those that make pictures. */
  readonly pictures: number;
  /** Dedicated tasks too, and what has ended. */
  readonly all: number;
}

/** Of this process, whose thread calls, and all that came of it. */
export function cpuByKind(): CpuByKind {
  const { user, system } = process.threadCpuUsage();
  const services = (user + system) / 1000;
  const kinds = { supervisors: 0, workers: 0, ffmpegs: 0, pictures: 0 };
  let all = 0;
  for (const { pid, ownMs, endedMs } of tree(process.pid)) {
    all += ownMs + endedMs;
    const [program = '', ...rest] = commandOf(pid);
    if (program.endsWith('ffmpeg')) kinds.ffmpegs += ownMs;
    else if (rest.at(-1) === 'worker') {
      kinds.workers += ownMs;
      kinds.pictures += endedMs;
    } else if (rest.at(-1) === 'host') kinds.supervisors += ownMs;
  }
  const own = process.cpuUsage();
  return { ...kinds, services, functions: (own.user + own.system) / 1000 - services, all };
}

interface Spent {
  readonly pid: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly endedMs: number;
}

function tree(pid: number): Spent[] {
  const stat = read(`/proc/${pid}/stat`);
  const children = read(`/proc/${pid}/task/${pid}/children`);
  // After the name, which may have blanks: state is the first of these, utime the twelfth.
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map((field) => (Number(field) * 1000) / TICKS_PER_SECOND);
  const [userMs = 0, systemMs = 0, endedUserMs = 0, endedSystemMs = 0] = ticks;
  return [
    { pid, ownMs: userMs + systemMs, endedMs: endedUserMs + endedSystemMs },
    ...children
      .split(' ')
      .filter((child) => child.trim() !== '')
      .flatMap((child) => tree(Number(child))),
  ];
}

const commandOf = (pid: number): string[] => read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);

/** Empty for a process that has ended meanwhile: its parent counts it. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
