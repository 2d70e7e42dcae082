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
  return processes().find((pid) => {
    // pid (comm) state ppid …
    const [, state = ''] = /\) (.*)$/s.exec(read(pid, 'stat')) ?? [];
    return Number(state.split(' ')[1]) === parentPid && read(pid, 'cmdline').startsWith('ffmpeg');
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
