import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Writes a stream to whoever reads it, and settles when it is done. It never rejects. */
export type Feed = (response: ServerResponse) => Promise<void>;

/**
 * Hands streams to ffmpeg over HTTP on loopback: each has an address that nobody can guess, and is given once.
 */
export class Handover {
  readonly #server: Server;
  readonly #feeds = new Map<string, Feed>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const feed = this.#feeds.get(request.url ?? '');
      this.#feeds.delete(request.url ?? '');
      if (feed === undefined) {
        response.writeHead(404, { connection: 'close' }).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/octet-stream', connection: 'close' });
      void feed(response).then(() => response.end());
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
    this.#server.closeAllConnections();
    await closed;
  }
}
