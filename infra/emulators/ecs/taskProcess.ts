import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export type OutputStream = 'stdout' | 'stderr';

export interface TaskProcessOptions {
  readonly command: readonly string[];
  /** All that the process gets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stopTimeoutMs: number;
  readonly onOutput: (stream: OutputStream, line: string) => void;
}

/** How long output is still waited for when the process has gone and something else holds its pipes. */
const LAST_OUTPUT_MS = 500;

/**
 * A task's container as a child process.
 *
 * It leads a process group of its own (`detached`), because signals must differ: SIGTERM goes to the process alone,
 * as a container runtime does it, for two SIGTERMs within milliseconds make ffmpeg lose its tail; SIGKILL goes to the
 * whole group, and so it does when the process has ended by itself, as nothing in a container outlives its process 1.
 * So no ffmpeg is left behind. Only a descendant that makes a session of its own would escape.
 *
 * When the runtime itself is killed, nobody is left to do that. A shell that waits for the end of a pipe from the
 * runtime then does what ECS does: SIGTERM, and SIGKILL to the group after the stop time-out.
 */
export class TaskProcess {
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess;
  readonly #pid: number;
  #killTimer: NodeJS.Timeout | undefined;
  /** The exit code as a container runtime gives it: 128 + n when signal n ended it. Output has been read. */
  readonly exited: Promise<number>;

  /** @throws the spawn error, such as ENOENT */
  static async start(options: TaskProcessOptions): Promise<TaskProcess> {
    const [file, ...args] = options.command;
    if (file === undefined) throw new Error('The command is empty.');
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.environment,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('The process has no id.');
    const task = new TaskProcess(child, child.pid, options);
    try {
      await once(task.#guard, 'spawn');
    } catch (error) {
      task.killGroup();
      throw error;
    }
    return task;
  }

  private constructor(child: ChildProcess, pid: number, options: TaskProcessOptions) {
    this.#child = child;
    this.#pid = pid;
    this.#guard = guardAgainstOurDeath(pid, options.stopTimeoutMs);
    const ended = Promise.all([
      readLines(child, 'stdout', options.onOutput),
      readLines(child, 'stderr', options.onOutput),
    ]);
    this.exited = once(child, 'exit').then(async ([code, signal]) => {
      clearTimeout(this.#killTimer);
      this.killGroup();
      this.#guard.kill('SIGKILL');
      await Promise.race([ended, delay(LAST_OUTPUT_MS, undefined, { ref: false })]);
      child.stdout?.destroy();
      child.stderr?.destroy();
      return code ?? 128 + constants.signals[signal as NodeJS.Signals];
    });
  }

  get pid(): number {
    return this.#pid;
  }

  /** SIGTERM, to the process alone. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** SIGKILL to the group once this time is over; a later call sets another time. */
  killAfter(graceMs: number): void {
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.killGroup(), graceMs);
  }

  private killGroup(): void {
    try {
      process.kill(-this.#pid, 'SIGKILL');
    } catch (error) {
      // Nobody of the group is left.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

const GUARD_SCRIPT = `
read -r _
kill -s TERM "$1"
left=$2
while [ "$left" -gt 0 ] && kill -s 0 -- "-$1"; do sleep 1; left=$((left - 1)); done
kill -s KILL -- "-$1"
`;

/** Its standard input is a pipe from this process that is never written to: it ends when this process does. */
function guardAgainstOurDeath(pid: number, stopTimeoutMs: number): ChildProcess {
  const seconds = Math.ceil(stopTimeoutMs / 1000);
  const guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'task-guard', String(pid), String(seconds)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  return guard;
}

async function readLines(
  child: ChildProcess,
  name: OutputStream,
  onOutput: (stream: OutputStream, line: string) => void,
): Promise<void> {
  const stream = child[name];
  if (stream === null) return;
  for await (const line of createInterface({ input: stream })) onOutput(name, line);
}
