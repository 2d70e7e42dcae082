import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { DemuxerOutput } from './demuxer.ts';
import { ReadRhythm } from './readRhythm.ts';

/** More than the kernel holds. */
const READ_BYTES = 256 * 1024;
/** The kernel holds 208 KiB, with what it needs for itself; when they are full the child waits. */
const HELD_BYTES = 160 * 1024;

/**
 * What a child process writes, read in a rhythm: what comes between two reads waits in the kernel. A pipe of Node's own is
 * read as soon as anything comes, and ffmpeg writes each packet by itself, some seventy in a second.
 *
 * What the child had said by then on pipes of Node's own, as on its stderr, has been read before a chunk is there.
 */
export class OutputPipe implements DemuxerOutput {
  onReady: () => void = () => undefined;
  readonly #memory = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #rhythm = new ReadRhythm(HELD_BYTES);
  readonly #own: Socket;
  #theirs: Socket | undefined;
  #filledBytes = 0;
  /** What was said before it was written has been read. */
  #isHeard: boolean = false;
  #hasEnded: boolean = false;
  #isHurried: boolean = false;
  #rest: NodeJS.Timeout | undefined;

  private constructor(path: string) {
    // With memory of ours a pause stops the reading itself.
    const callback = (bytes: number): false => {
      this.#filledBytes = bytes;
      this.#isHeard = false;
      afterPoll(() => {
        this.#isHeard = true;
        this.onReady();
      });
      return false;
    };
    this.#own = connect({ path, onread: { buffer: this.#memory, callback } });
    // Its `close` follows.
    this.#own.on('error', () => undefined);
    this.#own.once('close', () => {
      this.#hasEnded = true;
      this.onReady();
    });
  }

  static async open(): Promise<OutputPipe> {
    const server = createServer({ pauseOnConnect: true });
    server.maxConnections = 1;
    // In Linux's abstract namespace: there is no file to be left behind.
    const path = `\0${randomUUID()}`;
    server.listen(path);
    await once(server, 'listening');
    const pipe = new OutputPipe(path);
    const [theirs] = (await once(server, 'connection')) as [Socket];
    server.close();
    pipe.#theirs = theirs;
    theirs.on('error', () => undefined);
    theirs.write(GREETING);
    await pipe.#isReady();
    // Somebody else who came first has the other end, and ours is closed.
    if (pipe.#hasEnded) throw new Error('the other end of a pipe is gone');
    pipe.#filledBytes = 0;
    pipe.#own.resume();
    return pipe;
  }

  /** The child's end, for its `stdio`. */
  get theirs(): Socket {
    if (this.#theirs === undefined) throw new Error('the child has its end already');
    return this.#theirs;
  }

  /** The child has its end: when it closes that, the pipe has ended. */
  handOver(): void {
    this.#theirs?.destroy();
    this.#theirs = undefined;
  }

  get chunk(): Buffer | undefined {
    if (this.#filledBytes === 0 || !this.#isHeard) return undefined;
    return this.#memory.subarray(0, this.#filledBytes);
  }

  get hasEnded(): boolean {
    return this.#hasEnded && this.#filledBytes === 0;
  }

  next(): void {
    const restMs = this.#isHurried ? 0 : this.#rhythm.restMs(this.#filledBytes, performance.now());
    this.#filledBytes = 0;
    if (restMs === 0) this.#own.resume();
    else this.#rest = setTimeout(() => this.#own.resume(), restMs);
  }

  /** The child is about to end: nothing waits any more. */
  hurry(): void {
    this.#isHurried = true;
    clearTimeout(this.#rest);
    if (this.#filledBytes === 0) this.#own.resume();
  }

  close(): void {
    this.#isHurried = true;
    clearTimeout(this.#rest);
    this.#own.destroy();
  }

  #isReady(): Promise<void> {
    return new Promise((resolve) => {
      this.onReady = resolve;
    });
  }
}

const GREETING = ' ';

/** The first one comes in this turn of the event loop; before the second one all descriptors are asked what they have. */
const afterPoll = (then: () => void): void => {
  setImmediate(() => setImmediate(then));
};
