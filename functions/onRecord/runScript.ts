import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface ScriptRun {
  /** An executable file. */
  readonly script: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its working folder. */
  readonly folder: string;
  /** Then it is killed, with all that it has started. */
  readonly timeoutMs: number;
  /** Told each line that it writes. */
  readonly onLine: (line: string) => void;
}

/** For output that is on its way when the script has ended. */
const LEFT_BEHIND_MS = 1_000;
const LINES_MAX = 1_000;
const LINE_MAX_CHARS = 8_192;

/** Runs a script to its end. @throws Error for another exit code than 0, a signal, or no end in time */
export async function runScript({ script, args, env, folder, timeoutMs, onLine }: ScriptRun): Promise<void> {
  const child = spawn(script, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what it has started can be killed with it.
    detached: true,
  });
  const output = new Output(onLine);
  for (const stream of [child.stdout, child.stderr]) output.read(stream);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child);
  }, timeoutMs);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    // What it has left behind holds its output open; what has left its group too is not waited for.
    killGroup(child);
    await output.end(LEFT_BEHIND_MS);
    if (isLate) throw new Error(`the script did not end in ${Math.round(timeoutMs / 1000)} s`);
    if (code !== 0) throw new Error(`the script ended with ${signal ?? `exit code ${code}`}`);
  } finally {
    clearTimeout(timer);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The group has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Lines of both outputs, bounded: a log costs by its size. */
class Output {
  readonly #onLine: (line: string) => void;
  readonly #ends: Promise<unknown>[] = [];
  readonly #readers: { readonly lines: Interface; readonly stream: Readable }[] = [];
  #lines = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  read(stream: Readable): void {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => this.#take(line));
    this.#ends.push(once(lines, 'close'));
    this.#readers.push({ lines, stream });
  }

  async end(withinMs: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const { lines, stream } of this.#readers) {
        lines.close();
        stream.destroy();
      }
    }, withinMs);
    await Promise.all(this.#ends);
    clearTimeout(timer);
    if (this.#lines > LINES_MAX) this.#onLine(`${this.#lines - LINES_MAX} more lines were left out`);
  }

  #take(line: string): void {
    this.#lines += 1;
    if (this.#lines <= LINES_MAX) this.#onLine(line.slice(0, LINE_MAX_CHARS));
  }
}
