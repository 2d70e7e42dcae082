import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A child process of a test: its output is kept for the message when it fails, and it is gone after `stop`. */
export class Child {
  readonly process: ChildProcess;
  /** Its exit code, once it is gone and all that it said has been read; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  #output = '';

  constructor(command: string, args: readonly string[], env?: NodeJS.ProcessEnv) {
    this.process = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env === undefined ? {} : { env }),
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-20_000);
    };
    this.process.stdout?.on('data', keep);
    this.process.stderr?.on('data', keep);
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code) => resolve(code));
    });
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 5_000): Promise<void> {
    if (!this.running) return;
    const gone = once(this.process, 'exit');
    this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }
}

/** Below those that Linux gives to whoever asks for any: other tests ask for some all the time. */
const PORTS_FROM = 20_000;
const PORTS_UNTIL = 32_000;

/** A port that was free a moment ago, for servers that cannot be told to pick one. */
export async function freePort(): Promise<number> {
  const port = randomInt(PORTS_FROM, PORTS_UNTIL);
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return freePort();
    throw error;
  }
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Asks until the answer is not undefined; the error after the time-out says what was waited for.
 * @param options.everyMs what is not there soon takes a while: by default it is asked for less and less often
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  { timeoutMs = 60_000, everyMs }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 1.5, 400)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs ?? pauseMs));
  }
}
