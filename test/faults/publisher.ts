import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { counterStreamArgs } from '../support/counterStream.ts';

/** Publishes the counter stream and knows how many frames it has sent. */
export class Publisher {
  readonly #child: ChildProcess;
  #frames = 0;

  constructor(url: string) {
    this.#child = spawn(
      'ffmpeg',
      [
        ...['-nostdin', '-loglevel', 'error', '-progress', 'pipe:1', '-stats_period', '0.1'],
        ...counterStreamArgs(),
        ...['-f', 'flv', url],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    createInterface({ input: this.#child.stdout as Readable }).on('line', (line) => {
      const frames = /^frame=(\d+)$/.exec(line)?.[1];
      if (frames !== undefined) this.#frames = Number(frames);
    });
  }

  /** Frames sent so far, up to a tenth of a second ago. */
  get frames(): number {
    return this.#frames;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
