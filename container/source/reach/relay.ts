import { connect, type LookupFunction, type Socket } from 'node:net';

/** A live stream comes in many tiny pieces: each costs a wake-up here and one in ffmpeg. */
const GATHER_MS = 200;
/** Heads, handshakes and short files are not kept waiting. */
const AT_ONCE_MS = 1_000;
const READ_BYTES = 256 * 1024;
/** A shorter read has emptied the kernel's buffer: the source is not faster. */
const FULL_READ_BYTES = READ_BYTES / 2;

/** A connection of a client through the proxy, with its other end at the origin. */
export class Relay {
  readonly origin: Socket;
  readonly #client: Socket;
  #gathersFromMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** Connects to the addresses that `lookup` gives. Nothing is read before `start`. */
  constructor(client: Socket, target: { readonly port: number; readonly lookup: LookupFunction }) {
    this.#client = client;
    this.origin = connect({
      ...target,
      // Never asked for: the addresses are those that were judged.
      host: 'judged.invalid',
      noDelay: true,
      // With a buffer of ours a pause stops the reading itself, and what comes waits in the kernel.
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (bytes, buffer) => {
          this.#take(Buffer.from(buffer.subarray(0, bytes)));
          return true;
        },
      },
    });
    this.origin.pause();
    client.on('close', () => this.origin.destroy());
  }

  /**
   * Hands on what comes, both ways, until one side has ended. What comes from the origin is read five times a second; a
   * fast origin without a pause, as fast as the client takes it.
   */
  start(kind: 'plain' | 'connect'): void {
    const [origin, client] = [this.origin, this.#client];
    this.#gathersFromMs = performance.now() + AT_ONCE_MS;
    client.on('drain', () => origin.resume());
    origin.on('end', () => client.end());
    origin.on('close', (hadError) => {
      clearTimeout(this.#timer);
      // A stream that was cut off must not look like one that has ended.
      if (hadError) client.resetAndDestroy();
    });
    client.on('data', (chunk: Buffer) => {
      // One request per connection: the next one is judged on a connection of its own.
      if (kind === 'plain') client.destroy();
      else if (!origin.write(chunk)) client.pause();
    });
    origin.on('drain', () => client.resume());
    client.resume();
    origin.resume();
  }

  #take(chunk: Buffer): void {
    if (!this.#client.write(chunk)) {
      this.origin.pause();
    } else if (chunk.length < FULL_READ_BYTES && performance.now() > this.#gathersFromMs) {
      this.origin.pause();
      this.#timer = setTimeout(() => {
        if (!this.#client.writableNeedDrain) this.origin.resume();
      }, GATHER_MS);
    }
  }
}
