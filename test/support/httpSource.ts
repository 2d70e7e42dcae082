import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';

export interface Pace {
  /** Bytes a second; Infinity: as fast as it is read. */
  readonly bytesPerSecond: number;
  /** Where the first so many connections are cut; after them one is whole, and then the stream is gone. */
  readonly cutAtBytes?: readonly number[];
  /** What later connections get instead. */
  readonly later?: Buffer;
  /** Where the first connection goes silent, and stays open. Never by default. */
  readonly stallAtBytes?: number;
}

const TICK_MS = 20;

/** A media server of a test: hands a recorded stream out over HTTP, at a pace. Real ffmpeg pulls it. */
export class HttpSource {
  readonly #server: Server;
  readonly #bytes: Buffer;
  #pace: Pace;
  #connections = 0;
  #open = 0;
  url = '';

  private constructor(bytes: Buffer, pace: Pace) {
    this.#bytes = bytes;
    this.#pace = pace;
    this.#server = createServer((_request, response) => void this.#serve(response));
  }

  static async start(
    bytes: Buffer,
    pace: Pace = { bytesPerSecond: Number.POSITIVE_INFINITY },
  ): Promise<HttpSource> {
    const source = new HttpSource(bytes, pace);
    source.url = `${await listenOnLoopback(source.#server)}/live/stream-key-1234.flv`;
    return source;
  }

  /** Listeners that have come so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Listeners that are there now. */
  get open(): number {
    return this.#open;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(response: ServerResponse): Promise<void> {
    const cuts = this.#pace.cutAtBytes;
    const cutAt = cuts?.[this.#connections] ?? Number.POSITIVE_INFINITY;
    const stallAt =
      (this.#connections === 0 ? this.#pace.stallAtBytes : undefined) ?? Number.POSITIVE_INFINITY;
    this.#connections += 1;
    this.#open += 1;
    response.once('close', () => {
      this.#open -= 1;
    });
    if (cuts !== undefined && this.#connections > cuts.length + 1) {
      response.writeHead(404).end();
      return;
    }
    const bytes = this.#connections > 1 ? (this.#pace.later ?? this.#bytes) : this.#bytes;
    const closed = new Promise((resolve) => response.once('close', resolve));
    response.writeHead(200, { 'content-type': 'video/x-flv' });
    const { bytesPerSecond } = this.#pace;
    const step = Number.isFinite(bytesPerSecond) ? Math.ceil((bytesPerSecond * TICK_MS) / 1000) : 1 << 20;
    for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
      if (at >= stallAt) return;
      if (at >= cutAt) {
        response.destroy();
        return;
      }
      // What is not with the system yet when a connection is cut would be lost: a slow reader would get nothing of it.
      const sent = new Promise((resolve) =>
        response.write(bytes.subarray(at, Math.min(at + step, stallAt)), resolve),
      );
      await Promise.race([closed, sent]);
      if (Number.isFinite(bytesPerSecond)) await delay(TICK_MS);
    }
    if (stallAt > bytes.length) response.end();
  }
}
