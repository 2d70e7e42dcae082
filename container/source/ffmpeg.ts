import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { EncodingPlan } from '../../functions/core/settings/formats.ts';
import type { Demuxer } from './demuxer.ts';
import { ffmpegArguments, outputCount } from './ffmpegArguments.ts';
import type { Input } from './inputOptions.ts';
import { endFirstWithoutMemory } from './memoryShortage.ts';
import { OutputPipe } from './outputPipe.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';
import { starvedMs } from './starvation.ts';

export interface FfmpegOptions {
  readonly path: string;
  readonly input: Input;
  readonly access: SourceAccess;
  readonly plan: EncodingPlan;
  /** Every line of stderr, as ffmpeg wrote it: it may hold the source's URL. */
  readonly onLine: (line: string) => void;
}

/** ffmpeg is asked once, with SIGTERM: two signals in short order lose the tail. Then it is killed. */
const STOP_GRACE_MS = 15_000;
/** Whose input has ended has little left to do. */
const INPUT_END_MS = 2_000;
/** ffmpeg gets nothing of our environment: no credentials, no endpoints. */
export const FFMPEG_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

/** One run of ffmpeg on the source. */
export class Ffmpeg implements Demuxer {
  readonly #child: ChildProcess;
  /** Settles with the exit code when the process is gone; signals give -1. */
  readonly exited: Promise<number>;
  readonly outputs: readonly OutputPipe[];
  #stopAsked: boolean = false;

  static async start(options: FfmpegOptions): Promise<Ffmpeg> {
    const opened = Array.from({ length: outputCount(options.input, options.plan, options.access) }, () =>
      OutputPipe.open(),
    );
    return new Ffmpeg(options, await Promise.all(opened));
  }

  private constructor({ path, input, access, plan, onLine }: FfmpegOptions, outputs: readonly OutputPipe[]) {
    const [first, ...others] = outputs.map(({ theirs }) => theirs);
    this.outputs = outputs;
    this.#child = spawn(path, ffmpegArguments(input, access, plan), {
      stdio: ['ignore', first, 'pipe', ...others, 'ignore'],
      env: { ...FFMPEG_ENVIRONMENT, ...access.environment },
    });
    for (const output of outputs) output.handOver();
    const { pid } = this.#child;
    // ffmpeg that did not start says so itself.
    if (pid !== undefined) endFirstWithoutMemory(pid).catch((error: Error) => onLine(error.message));
    const spawnFailed = new Promise<never>((_, reject) => this.#child.once('error', reject));
    this.#child.once('exit', () => this.#hurry());
    const lines = createInterface({ input: this.#child.stderr as Readable });
    lines.on('line', onLine);
    this.exited = Promise.race([once(this.#child, 'close'), spawnFailed]).then(
      ([code]) => (code as number | null) ?? -1,
    );
    // Whoever waits for it hears of it; nobody waiting yet is no reason to crash.
    this.exited.catch(() => undefined);
  }

  get starvedMs(): number {
    const { pid } = this.#child;
    return pid === undefined ? 0 : starvedMs(pid);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** It is killed if it does not finish within `graceMs`. */
  stop(graceMs = STOP_GRACE_MS): void {
    if (this.#stopAsked) return;
    this.#stopAsked = true;
    this.#hurry();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    void this.exited.catch(() => undefined).finally(() => clearTimeout(timer));
  }

  expectEnd(): void {
    this.#hurry();
    const timer = setTimeout(() => this.stop(), INPUT_END_MS);
    void this.exited.catch(() => undefined).finally(() => clearTimeout(timer));
  }

  #hurry(): void {
    for (const output of this.outputs) output.hurry();
  }
}
