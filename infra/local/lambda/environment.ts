import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { COMPILE_CACHE } from '../compileCache.ts';

export interface EnvironmentSpec {
  readonly functionName: string;
  /** Absolute path of the file that exports `handler`. */
  readonly handlerPath: string;
  /** Of `bootstrap.ts`, bundled. */
  readonly bootstrapPath: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** All that the function's process.env holds. */
  readonly env: Readonly<Record<string, string>>;
  /** Each line that the function writes, JSON if it came from its logger. */
  readonly onLog: (line: string) => void;
}

/** What an invocation came to; the errors are worded as Lambda words them. */
export type Invocation =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

export interface EnvironmentData {
  readonly functionName: string;
  readonly functionArn: string;
  readonly handlerUrl: string;
  readonly memoryMb: number;
  readonly logStreamName: string;
  /** Folder of what Node has compiled. */
  readonly compileCache: string;
}

export interface InvocationRequest {
  readonly requestId: string;
  readonly eventJson: string;
  readonly timeoutMs: number;
}

export type FromEnvironment =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly json: string }
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string };

/** A busy small machine takes seconds; one that hangs must end all the same. */
const INIT_TIMEOUT_MS = 60_000;

type Outcome = { readonly message: FromEnvironment } | { readonly failure: Invocation & { ok: false } };

/**
 * One execution environment of a function: a worker thread with an environment of its own that answers one invocation
 * at a time. One that crashed or timed out is dead and is not used again, as in Lambda.
 */
export class Environment {
  readonly #spec: EnvironmentSpec;
  readonly #worker: Worker;
  /** What waits for the worker's next word; between invocations nobody does. */
  #waiting: ((outcome: Outcome) => void) | undefined;
  #dead: string | undefined;

  constructor(spec: EnvironmentSpec) {
    this.#spec = spec;
    this.#worker = new Worker(spec.bootstrapPath, {
      env: { ...spec.env },
      // The runtime's own Node flags are not the function's.
      execArgv: [],
      argv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
      workerData: {
        functionName: spec.functionName,
        functionArn: spec.functionArn,
        handlerUrl: pathToFileURL(spec.handlerPath).href,
        memoryMb: spec.memoryMb,
        logStreamName: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomUUID().replaceAll('-', '')}`,
        compileCache: COMPILE_CACHE,
      } satisfies EnvironmentData,
    });
    this.#readLines(this.#worker.stdout);
    this.#readLines(this.#worker.stderr);
    this.#worker.on('message', (message: FromEnvironment) => this.#tell({ message }));
    this.#worker.on('error', (error: unknown) => {
      this.#die(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    this.#worker.on('exit', (code) => this.#die(`Runtime exited with exit status ${code}`));
  }

  get dead(): boolean {
    return this.#dead !== undefined;
  }

  /** Settles when the handler is imported; says why if that failed. */
  async start(): Promise<Invocation | undefined> {
    const outcome = await this.#next(INIT_TIMEOUT_MS, 'Init timed out');
    return 'failure' in outcome ? outcome.failure : undefined;
  }

  async invoke(event: unknown): Promise<Invocation> {
    const requestId = randomUUID();
    const { timeoutMs } = this.#spec;
    const answered = this.#next(
      timeoutMs,
      `${requestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
    );
    this.#worker.postMessage({
      requestId,
      eventJson: JSON.stringify(event),
      timeoutMs,
    } satisfies InvocationRequest);
    const outcome = await answered;
    if ('failure' in outcome) return outcome.failure;
    const { message } = outcome;
    if (message.kind === 'answer') return { ok: true, payload: JSON.parse(message.json) };
    if (message.kind === 'error')
      return { ok: false, errorType: message.errorType, errorMessage: message.errorMessage };
    throw new Error(`the environment of ${this.#spec.functionName} said ${message.kind}`);
  }

  async terminate(): Promise<void> {
    this.#dead ??= 'The environment was shut down';
    await this.#worker.terminate();
  }

  /** The worker's next word, or how it failed to say one. */
  #next(timeoutMs: number, timeoutMessage: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#fail('Sandbox.Timedout', timeoutMessage);
        void this.#worker.terminate();
      }, timeoutMs);
      this.#waiting = (outcome) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(outcome);
      };
      if (this.#dead !== undefined) this.#fail('Runtime.ExitError', this.#dead);
    });
  }

  #die(reason: string): void {
    if (this.#dead !== undefined && this.#waiting === undefined) return;
    this.#fail('Runtime.ExitError', reason);
  }

  #fail(errorType: string, errorMessage: string): void {
    this.#dead ??= errorMessage;
    this.#spec.onLog(
      JSON.stringify({
        timestamp: new Date().toISOString(),
        level: 'ERROR',
        message: 'the function failed',
        errorType,
        errorMessage,
      }),
    );
    this.#tell({ failure: { ok: false, errorType, errorMessage } });
  }

  #tell(outcome: Outcome): void {
    this.#waiting?.(outcome);
  }

  #readLines(stream: Readable): void {
    createInterface({ input: stream }).on('line', this.#spec.onLog);
  }
}
