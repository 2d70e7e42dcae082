import { readdirSync, readFileSync } from 'node:fs';

/** Finds the processes of a recording by what the kernel says of them. */
export function recorderPid(recordingId: string): number | undefined {
  return processes().find(
    (pid) =>
      read(pid, 'environ').split('\0').includes(`RECORDING_ID=${recordingId}`) &&
      read(pid, 'cmdline').includes('container/main.ts'),
  );
}

/** The recorder's own ffmpeg. */
export function ffmpegPid(parentPid: number): number | undefined {
  return childPid(parentPid, (command) => command.startsWith('ffmpeg'));
}

/** A host by the id of its task, which its environment has in the address of its metadata. */
export function hostPid(hostId: string): number | undefined {
  return processes().find(
    (pid) => read(pid, 'environ').includes(`/${hostId}`) && read(pid, 'cmdline').endsWith('\0host\0'),
  );
}

/** Hosts of the runtime in this folder that have a worker. */
export function warmHosts(folder: string): number {
  return processes().filter(
    (pid) =>
      read(pid, 'environ').includes(`=${folder}/`) &&
      read(pid, 'cmdline').endsWith('\0host\0') &&
      workerPid(pid) !== undefined,
  ).length;
}

/** The worker of a host that carries ten recordings at most. */
export function workerPid(host: number): number | undefined {
  return childPid(host, (command) => command.endsWith('\0worker\0'));
}

function childPid(parentPid: number, isMeant: (command: string) => boolean): number | undefined {
  return processes().find((pid) => {
    // pid (comm) state ppid …
    const [, state = ''] = /\) (.*)$/s.exec(read(pid, 'stat')) ?? [];
    return Number(state.split(' ')[1]) === parentPid && isMeant(read(pid, 'cmdline'));
  });
}

/** Kills at once; false when the process is gone already. */
export function kill(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** '' for a process that has gone in the meantime. */
function read(pid: number, file: 'environ' | 'cmdline' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1').replace(/^.*\/(ffmpeg)\0/, '$1\0');
  } catch {
    return '';
  }
}
