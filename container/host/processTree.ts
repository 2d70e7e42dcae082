import { readdirSync, readFileSync } from 'node:fs';

/** Linux's USER_HZ, in which /proc counts CPU time. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export interface ProcessTreeUsage {
  /** Of the process, all that it started, and all that has ended, since they began. */
  readonly cpuMs: number;
  /** Resident; what processes share counts for each of them. */
  readonly memoryBytes: number;
}

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/**
 * What a process and everything that it started use, out of /proc: cgroups of Fargate's two versions need no telling apart.
 * Read at once: the kernel waits for no disk, and going through Node's threads for each takes ten times the CPU.
 */
export function processTreeUsage(root: number): ProcessTreeUsage {
  let ticks = 0;
  let pages = 0;
  for (const stat of statsOf(root)) {
    ticks += stat.ticks;
    pages += stat.pages;
  }
  return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, memoryBytes: pages * PAGE_BYTES };
}

/** Of a process and what it started: a machine has others, too, and each that is read takes as long. */
function statsOf(root: number): readonly Stat[] {
  const stats: Stat[] = [];
  const pids = [root];
  for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
    const stat = readStat(pid);
    const children = readChildren(pid);
    if (children === undefined && stat !== undefined && readStat(pid) !== undefined)
      return statsAmongAll(root);
    if (stat !== undefined) stats.push(stat);
    pids.push(...(children ?? []));
  }
  return stats;
}

/** Where the kernel does not say who started whom. */
function statsAmongAll(root: number): readonly Stat[] {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  const inTree = (pid: number): boolean => {
    for (let at = pid, depth = 0; depth < 16; depth++) {
      if (at === root) return true;
      const parent = stats.get(at)?.parent;
      if (parent === undefined) return false;
      at = parent;
    }
    return false;
  };
  return [...stats].flatMap(([pid, stat]) => (inTree(pid) ? [stat] : []));
}

/** Node starts all of them in its main thread. @returns undefined for one that has gone meanwhile, and where nothing tells */
function readChildren(pid: number): readonly number[] | undefined {
  return readProc(`/proc/${pid}/task/${pid}/children`)?.split(' ').filter(Boolean).map(Number);
}

/** @returns undefined for one that has gone meanwhile */
function readStat(pid: number): Stat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name may hold anything, blanks and parentheses too.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (field: number): number => fields[field - 3] ?? 0;
  // utime, stime, and those of children that were waited for.
  return { parent: at(4), ticks: at(14) + at(15) + at(16) + at(17), pages: at(24) };
}

/** @returns undefined where it is not there */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
