import { Child, freePort } from './children.ts';
import type { CounterStreamOptions } from './counterArgs.ts';
import { liveCounterArgs } from './liveCounter.ts';

export interface SrtOptions extends CounterStreamOptions {
  readonly port?: number;
  readonly passphrase?: string;
}

/** ffmpeg as an SRT listener: sends the counter stream to the first caller, and ends when he has gone. */
export class SrtListener {
  /** Without a passphrase. */
  readonly url: string;
  readonly port: number;
  readonly #child: Child;

  private constructor(port: number, child: Child) {
    this.url = `srt://127.0.0.1:${port}`;
    this.port = port;
    this.#child = child;
  }

  static async start({ port: wanted, passphrase, ...content }: SrtOptions = {}): Promise<SrtListener> {
    const port = wanted ?? (await freePort());
    const secret = passphrase === undefined ? [] : ['-passphrase', passphrase];
    const child = new Child('ffmpeg', [
      ...['-nostdin', '-loglevel', 'error', ...liveCounterArgs(content)],
      ...['-f', 'mpegts', '-muxdelay', '0', ...secret, `srt://127.0.0.1:${port}?mode=listener`],
    ]);
    return new SrtListener(port, child);
  }

  get running(): boolean {
    return this.#child.running;
  }

  get output(): string {
    return this.#child.output;
  }

  /** The listener stops sending; its connection stays. */
  freeze(isFrozen: boolean): void {
    this.#child.process.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** @param signal SIGTERM: it says goodbye; SIGKILL: it is gone */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.process.kill('SIGCONT');
    await this.#child.stop(signal);
  }
}
