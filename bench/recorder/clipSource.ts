import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import type { FlvClip } from './flvClip.ts';

export interface Feed {
  /** Of real time; Infinity: as fast as it is read. */
  readonly speed: number;
  /** Length of the stream; without it, it has no end. */
  readonly durationMs?: number;
}

const TICK_MS = 20;

/**
 * A live stream over HTTP: a clip again and again. Its pace follows the wall clock and makes up for late timers, so a
 * minute of it is a minute for all that pull it, also on a busy machine. Each connection gets a stream of its own.
 */
export class ClipSource {
  readonly #server: Server;
  readonly #clip: FlvClip;
  readonly #feed: Feed;
  url = '';
  /** Media sent to the connection that began last, in ms. */
  sentMs = 0;
  /** When that connection was given its last byte, by `performance.now()`. */
  endedAt: number | undefined;

  private constructor(clip: FlvClip, feed: Feed) {
    this.#clip = clip;
    this.#feed = feed;
    this.#server = createServer((_request, response) => void this.#serve(response));
  }

  static async start(clip: FlvClip, feed: Feed): Promise<ClipSource> {
    const source = new ClipSource(clip, feed);
    source.url = `${await listenOnLoopback(source.#server)}/live.flv`;
    return source;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(response: ServerResponse): Promise<void> {
    const closed = once(response, 'close');
    const { speed, durationMs = Number.POSITIVE_INFINITY } = this.#feed;
    this.endedAt = undefined;
    response.writeHead(200, { 'content-type': 'video/x-flv' });
    response.write(this.#clip.head);
    const startedAt = performance.now();
    for (let n = 0; n * this.#clip.durationMs < durationMs && !response.destroyed; n++) {
      const beginsAtMs = n * this.#clip.durationMs;
      const endMs = Math.min(this.#clip.durationMs, durationMs - beginsAtMs);
      const media = this.#clip.repetition(n);
      const length = this.#clip.bytesUntil(endMs);
      for (let sent = 0; sent < length && !response.destroyed; ) {
        const dueMs = Math.min(endMs, (performance.now() - startedAt) * speed - beginsAtMs);
        const end = Number.isFinite(speed) ? this.#clip.bytesUntil(dueMs) : length;
        this.sentMs = beginsAtMs + (Number.isFinite(speed) ? dueMs : endMs);
        const ready = end <= sent || response.write(media.subarray(sent, end));
        sent = Math.max(sent, end);
        if (!ready) await Promise.race([closed, once(response, 'drain')]);
        else if (Number.isFinite(speed)) await delay(TICK_MS);
      }
    }
    response.end();
    this.endedAt = performance.now();
  }
}
