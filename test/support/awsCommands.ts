import { execFile, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const SCRIPT = new URL('awsCommands.py', import.meta.url).pathname;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** What a command came to. */
export interface AwsAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The AWS command line, without its second of start for each command where Python can load it. It is asked for one command
 * at a time.
 */
export class AwsCommands {
  readonly #env: NodeJS.ProcessEnv;
  readonly #loaded: ReturnType<typeof startLoaded> | undefined;

  /** @param env all that its environment holds, `PATH` aside */
  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...env, PATH: process.env.PATH };
    // Version 2 may be a program of its own.
    const python = ['python3', '/usr/bin/python3'].find(
      (command) => spawnSync(command, ['-c', 'import awscli']).status === 0,
    );
    this.#loaded = python === undefined ? undefined : startLoaded(python, this.#env);
  }

  /** @param env what is different for this command */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<AwsAnswer> {
    const all = { ...this.#env, ...env };
    if (this.#loaded === undefined) return runProcess(args, all);
    this.#loaded.child.stdin.write(`${JSON.stringify({ args, env: all })}\n`);
    const { value, done } = await this.#loaded.answers.next();
    if (done === true) throw new Error('the AWS command line has ended');
    return JSON.parse(value) as AwsAnswer;
  }

  close(): void {
    this.#loaded?.child.stdin.end();
  }
}

function startLoaded(python: string, env: NodeJS.ProcessEnv) {
  const child = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'], env });
  return { child, answers: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

function runProcess(args: readonly string[], env: NodeJS.ProcessEnv): Promise<AwsAnswer> {
  return new Promise((resolve) => {
    const child = execFile('aws', args, { env, maxBuffer: MAX_OUTPUT_BYTES }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
