import type { OnReadOpts, Socket } from 'node:net';
import type { RtmpPlayer } from '../../../functions/core/rtmp/player.ts';

/** All connections of a process read into it, one at a time: what a player keeps it copies. */
const MEMORY = Buffer.allocUnsafeSlow(256 * 1024);

/** More does not wait in the kernel (`tcp_rmem`: 6 MiB). */
const WAITING_MAX_BYTES = 8 * 1024 * 1024;
/** More is not kept for a server that asks, and takes no answers. */
const REPLIES_MAX_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** What one read gave. */
export interface RtmpRead {
  /** As FLV. */
  readonly media: Buffer;
  /** Read for it from the connection. */
  readonly bytes: number;
}

/** A player's connection, which is read when it is asked for more: what comes meanwhile waits in the kernel. */
export class RtmpConnection {
  readonly #player: Pick<RtmpPlayer, 'push' | 'takeReplies'>;
  readonly #socket: Socket;
  #media: Buffer[] = [];
  #bytes = 0;
  /** Since the last answer. */
  #unansweredBytes = 0;
  #isClosed: boolean = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  /** @param open connects, to be read as it is told */
  constructor(player: Pick<RtmpPlayer, 'push' | 'takeReplies'>, open: (onread: OnReadOpts) => Socket) {
    this.#player = player;
    const callback = (bytes: number): false => {
      this.#take(MEMORY.subarray(0, bytes));
      return false;
    };
    this.#socket = open({ buffer: MEMORY, callback });
    this.#socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.#socket.once('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
    this.#reply();
  }

  /** Nothing more comes over it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why, where the server did not just hang up. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Waits for the next bytes, or for its end. @throws what is no fault of the source's */
  async read(): Promise<RtmpRead> {
    if (this.#bytes === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.resume();
      });
    }
    const [first = NOTHING, ...others] = this.#media;
    const media = others.length === 0 ? first : Buffer.concat(this.#media);
    const read = { media, bytes: this.#bytes };
    this.#media = [];
    this.#bytes = 0;
    return read;
  }

  close(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** Of TLS some more may come after a pause. */
  #take(bytes: Buffer): void {
    const media = this.#player.push(bytes);
    if (media.length > 0) this.#media.push(media);
    this.#bytes += bytes.length;
    this.#unansweredBytes += bytes.length;
    // An answer that fails, since the connection has been reset, ends it at once: what waits to be read is read first.
    const mayWait = bytes.length === MEMORY.length && this.#unansweredBytes < WAITING_MAX_BYTES;
    if (!mayWait) this.#reply();
    this.#wake();
  }

  #reply(): void {
    this.#unansweredBytes = 0;
    const replies = this.#player.takeReplies();
    if (replies.length > 0) this.#socket.write(replies);
    if (this.#socket.writableLength > REPLIES_MAX_BYTES) this.close(new Error('the server takes no answers'));
  }
}
