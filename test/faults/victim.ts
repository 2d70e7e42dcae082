import { readdirSync, readFileSync } from 'node:fs';

/** Finds the processes of a recording by what the kernel says of them. */
export function recorderPid(recordingId: string): number | undefined {
  return processes().find(
    (pid) =>
      read(pid, 'environ').split('\0').includes(`RECORDING_ID=${recordingId}`) &&
      read(pid, 'cmdline').includes('/main.mjs'),
  );
}

/** The recorder's own ffmpeg. */
export function ffmpegPid(parentPid: number): number | undefined {
  return childPid(parentPid, (command) => /^([^\0]*\/)?ffmpeg\0/.test(command));
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

/** A worker of a host: the one that writes this journal, or any. */
export function workerPid(host: number, journal?: string): number | undefined {
  return childPid(
    host,
    (command) => command.endsWith('\0worker\0'),
    (variables) =>
      journal === undefined || journal.includes(/^WORKER_NAME=(.*)$/m.exec(variables)?.[1] ?? '\0'),
  );
}

function childPid(
  parentPid: number,
  isMeant: (command: string) => boolean,
  hasMeant: (variables: string) => boolean = () => true,
): number | undefined {
  return processes().find((pid) => {
    // pid (comm) state ppid …
    const [, state = ''] = /\) (.*)$/s.exec(read(pid, 'stat')) ?? [];
    if (Number(state.split(' ')[1]) !== parentPid || !isMeant(read(pid, 'cmdline'))) return false;
    return hasMeant(read(pid, 'environ').replaceAll('\0', '\n'));
  });
}

/** False when the process is gone already. @param pid negative for a group */
export function kill(pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** '' for a process that has gone in the meantime. */
function read(pid: number, file: 'environ' | 'cmdline' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
