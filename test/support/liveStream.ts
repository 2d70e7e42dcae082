import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import { Child, waitFor } from './children.ts';
import type { CounterStreamOptions } from './counterArgs.ts';
import { FlvJoiner, VIDEO_TAG } from './flv.ts';
import { liveCounterArgs } from './liveCounter.ts';

const TS_PACKET_BYTES = 188;

/** Cuts a live stream into pieces that a listener may begin with, and knows what he needs before them. */
interface Joiner {
  /** What whoever comes now gets first. */
  readonly head: Buffer;
  /** @returns whole pieces; `joins`: a listener may begin with this one */
  push(chunk: Buffer): readonly { readonly bytes: Buffer; readonly joins: boolean }[];
}

export type LiveFormat = 'flv' | 'ts';

/**
 * A live stream of the frame counter over HTTP: an encoder that runs on whoever listens, and listeners that join at a
 * keyframe. What a recorder misses while it is away is therefore missing from its counters.
 */
export class LiveStream {
  readonly url: string;
  readonly #encoder: Child;
  readonly #server: Server;
  readonly #joiner: Joiner;
  readonly #waiting = new Set<ServerResponse>();
  readonly #listeners = new Set<ServerResponse>();
  #connections = 0;
  #withheld: 'nothing' | 'video' | 'everything' = 'nothing';
  #status = 200;

  private constructor(url: string, server: Server, format: LiveFormat, options: CounterStreamOptions) {
    this.url = url;
    this.#server = server;
    this.#joiner = format === 'flv' ? new FlvJoiner() : new TsJoiner();
    const muxer = format === 'flv' ? ['-f', 'flv'] : ['-f', 'mpegts', '-muxdelay', '0'];
    this.#encoder = new Child('ffmpeg', [
      ...['-nostdin', '-loglevel', 'error', ...liveCounterArgs(options)],
      ...['-flush_packets', '1', ...muxer, 'pipe:1'],
    ]);
    (this.#encoder.process.stdout as Readable).on('data', (chunk: Buffer) => this.#send(chunk));
  }

  static async start(format: LiveFormat, options: CounterStreamOptions = {}): Promise<LiveStream> {
    const server = createServer();
    const origin = await listenOnLoopback(server);
    const stream = new LiveStream(`${origin}/live/stream-key-1234.${format}`, server, format, options);
    server.on('request', (request, response: ServerResponse) => {
      stream.#join(response, request.url ?? '', format);
    });
    return stream;
  }

  /** Listeners that have come so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Waits until so many listeners have come in all, and are served. */
  async joined(connections: number): Promise<void> {
    await waitFor(
      `listener ${connections}`,
      () => (this.#connections >= connections && this.#listeners.size > 0) || undefined,
      { everyMs: 20 },
    );
  }

  /** Cuts every connection off; whoever comes again is served. */
  drop(): void {
    for (const response of [...this.#listeners, ...this.#waiting]) response.destroy();
  }

  /** The encoder goes on and the connections stay, and nothing is sent; of FLV it may be the video alone. */
  withhold(what: 'nothing' | 'video' | 'everything'): void {
    this.#withheld = what;
  }

  /** Whoever comes from now on gets this status; 200: the stream. */
  answer(status: number): void {
    this.#status = status;
  }

  /** The stream ends: connections are closed properly, and there is no such stream any more. */
  end(): void {
    this.#status = 404;
    for (const response of [...this.#listeners, ...this.#waiting]) response.end();
  }

  async close(): Promise<void> {
    await this.#encoder.stop();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(response: ServerResponse, url: string, format: LiveFormat): void {
    this.#connections += 1;
    if (this.#status !== 200 || !url.startsWith('/live/stream-key-1234.')) {
      response.writeHead(this.#status === 200 ? 404 : this.#status).end();
      return;
    }
    response.writeHead(200, { 'content-type': format === 'flv' ? 'video/x-flv' : 'video/mp2t' });
    response.flushHeaders();
    this.#waiting.add(response);
    response.once('close', () => {
      this.#waiting.delete(response);
      this.#listeners.delete(response);
    });
  }

  #send(chunk: Buffer): void {
    for (const { bytes, joins } of this.#joiner.push(chunk)) {
      if (this.#withheld === 'everything' || (this.#withheld === 'video' && bytes[0] === VIDEO_TAG)) continue;
      if (joins) {
        for (const response of this.#waiting) {
          response.write(this.#joiner.head);
          this.#listeners.add(response);
        }
        this.#waiting.clear();
      }
      for (const response of this.#listeners) response.write(bytes);
    }
  }
}

/** A transport stream may be joined at every packet. */
class TsJoiner implements Joiner {
  readonly head = Buffer.alloc(0);
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): { bytes: Buffer; joins: boolean }[] {
    const all = Buffer.concat([this.#rest, chunk]);
    const whole = all.length - (all.length % TS_PACKET_BYTES);
    this.#rest = all.subarray(whole);
    return whole === 0 ? [] : [{ bytes: all.subarray(0, whole), joins: true }];
  }
}
