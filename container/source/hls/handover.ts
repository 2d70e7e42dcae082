import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Writes a stream to whoever reads it, and settles when it is done. It never rejects. */
export type Feed = (reader: Socket) => Promise<void>;

const HEAD_MAX_BYTES = 16 * 1024;
const HEAD_TIMEOUT_MS = 60_000;
const HEAD_END = '\r\n\r\n';
const NOT_FOUND = ['HTTP/1.1 404 Not Found', 'Content-Length: 0', 'Connection: close'];
/**
 * Its body ends with the connection. ffmpeg takes that for an end in one of two cases alone, and for a broken connection in
 * the other: within a chunk of an answer that closes (`http_buf_read` in libavformat/http.c, 5.1 and 7.1). So all of it is one
 * chunk, larger than any stream.
 */
const FOUND = ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Connection: close'];
const ENDLESS_CHUNK = `${HEAD_END}7fffffffffffffff\r\n`;

/**
 * Hands streams to ffmpeg over HTTP on loopback: each has an address that nobody can guess, and is given once. Behind the
 * head of the answer the bytes go as they are: the chunks of Node's own server are written in the next turn of the event loop,
 * in pieces, with a wait for each.
 */
export class Handover {
  readonly #server: Server;
  readonly #feeds = new Map<string, Feed>();
  readonly #readers = new Set<Socket>();

  private constructor() {
    this.#server = createServer((reader) => {
      this.#readers.add(reader);
      reader.once('close', () => this.#readers.delete(reader));
      // Its `close` follows.
      reader.on('error', () => undefined);
      this.#listen(reader);
    });
  }

  static async start(): Promise<Handover> {
    const handover = new Handover();
    handover.#server.listen(0, '127.0.0.1');
    await once(handover.#server, 'listening');
    return handover;
  }

  /** @returns the URL at which the stream can be read */
  offer(feed: Feed): string {
    const path = `/${randomUUID()}`;
    this.#feeds.set(path, feed);
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  /** What was not asked for will not be. */
  withdraw(): void {
    this.#feeds.clear();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const reader of this.#readers) reader.destroy();
    await closed;
  }

  /** Reads what is asked for. */
  #listen(reader: Socket): void {
    let head = '';
    reader.setTimeout(HEAD_TIMEOUT_MS, () => reader.destroy());
    const onData = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      if (head.length > HEAD_MAX_BYTES) reader.destroy();
      if (!head.includes(HEAD_END)) return;
      reader.off('data', onData);
      reader.setTimeout(0);
      // That it goes is seen by reading on.
      reader.resume();
      this.#answer(reader, /^GET (\S+) HTTP\/1\.[01]\r\n/.exec(head)?.[1] ?? '');
    };
    reader.on('data', onData);
  }

  #answer(reader: Socket, path: string): void {
    const feed = this.#feeds.get(path);
    this.#feeds.delete(path);
    if (feed === undefined) {
      reader.end(NOT_FOUND.join('\r\n') + HEAD_END);
      return;
    }
    reader.write(FOUND.join('\r\n') + ENDLESS_CHUNK);
    void feed(reader).then(() => reader.end());
  }
}
