import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { FFMPEG_ENVIRONMENT } from '../source/ffmpeg.ts';
import { endFirstWithoutMemory } from '../source/memoryShortage.ts';
import { OutputPipe } from '../source/outputPipe.ts';

/** What ffmpeg complains of in a run is kept up to so much: its last words tell. */
const SAID_MAX_LINES = 8;

interface Options {
  readonly path: string;
  readonly arguments: readonly string[];
  /** Kills it. */
  readonly signal: AbortSignal;
}

/** A signal ended it. */
export const KILLED = -1;

/** How a run of ffmpeg ended. */
export interface Ended {
  /** Or `KILLED`. */
  readonly code: number;
  /** Its last words. */
  readonly said: string;
}

/** One run of ffmpeg, with nothing of our environment, killed where nobody wants what it makes. */
class Run {
  protected readonly child: ChildProcess;
  /** @throws it could not be started */
  readonly ended: Promise<Ended>;

  constructor(
    { path, arguments: args, signal }: Options,
    stdio: ('ignore' | 'pipe' | OutputPipe['theirs'])[],
  ) {
    signal.throwIfAborted();
    this.child = spawn(path, args, { stdio, env: FFMPEG_ENVIRONMENT });
    const { child } = this;
    const said: string[] = [];
    const kill = (): boolean => child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    createInterface({ input: child.stderr as Readable }).on('line', (line) => {
      said.push(line.trim());
      if (said.length > SAID_MAX_LINES) said.shift();
    });
    const { pid } = child;
    if (pid !== undefined)
      endFirstWithoutMemory(pid).catch((error: unknown) => said.push((error as Error).message));
    this.ended = once(child, 'close')
      .then(([code]) => ({ code: (code as number | null) ?? KILLED, said: said.join('; ') }))
      .finally(() => signal.removeEventListener('abort', kill));
    // Whoever waits for it hears of it.
    this.ended.catch(() => undefined);
  }
}

/** Makes raw pictures and raw sound of one scene. */
export class SceneFfmpeg extends Run {
  constructor(options: Options) {
    super(options, ['ignore', 'pipe', 'pipe', 'pipe']);
  }

  get pictures(): Readable {
    return this.child.stdout as Readable;
  }

  get sound(): Readable {
    return this.child.stdio[3] as Readable;
  }
}

/** Makes packets of raw pictures, or of raw sound. */
export class EncoderFfmpeg extends Run {
  readonly output: OutputPipe;

  static async start(options: Options): Promise<EncoderFfmpeg> {
    return new EncoderFfmpeg(options, await OutputPipe.open());
  }

  private constructor(options: Options, output: OutputPipe) {
    super(options, ['pipe', output.theirs, 'pipe']);
    this.output = output;
    output.handOver();
    // It is as fast as what it gets: nothing is waited for.
    output.hurry();
  }

  get input(): Writable {
    return this.child.stdin as Writable;
  }
}
