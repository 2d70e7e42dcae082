import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import { Child, waitFor } from './children.ts';
import { liveCounterArgs } from './liveCounter.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.ts': 'video/mp2t',
};
const LIST = 'stream-key-1234.m3u8';

/** A live HLS stream: ffmpeg writes segments of one second into a folder, which is served over HTTP. */
export class HlsServer {
  readonly url: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #encoder: Child;
  #status = 200;
  #lists = 0;

  private constructor(url: string, folder: string, server: Server, encoder: Child) {
    this.url = url;
    this.#folder = folder;
    this.#server = server;
    this.#encoder = encoder;
  }

  static async start(): Promise<HlsServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'hls-'));
    const encoder = new Child('ffmpeg', [
      ...['-nostdin', '-loglevel', 'error', ...liveCounterArgs()],
      ...['-f', 'hls', '-hls_time', '1', '-hls_list_size', '30', '-hls_flags', 'delete_segments'],
      path.join(folder, LIST),
    ]);
    const server = createServer();
    const origin = await listenOnLoopback(server);
    const hls = new HlsServer(`${origin}/${LIST}`, folder, server, encoder);
    server.on('request', (request, response) => {
      const name = path.basename((request.url ?? '').split('?')[0] ?? '');
      if (name === LIST) hls.#lists += 1;
      if (hls.#status !== 200) {
        response.writeHead(hls.#status).end();
        return;
      }
      readFile(path.join(folder, name)).then(
        (bytes) => response.writeHead(200, { 'content-type': TYPES[path.extname(name)] }).end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await waitFor('four segments', async () => {
      const list = await readFile(path.join(folder, LIST), 'utf8').catch(() => '');
      return list.split('#EXTINF').length > 4 || undefined;
    });
    return hls;
  }

  /** How often the playlist has been asked for. */
  get lists(): number {
    return this.#lists;
  }

  /** Every request from now on gets this status; 200: the stream. */
  answer(status: number): void {
    this.#status = status;
  }

  /** The encoder hangs: the playlist stays as it is. */
  freeze(): void {
    this.#encoder.process.kill('SIGSTOP');
  }

  /** The encoder ends, and says so in the playlist. */
  async end(): Promise<void> {
    this.#encoder.process.kill('SIGCONT');
    await this.#encoder.stop('SIGTERM');
  }

  async close(): Promise<void> {
    await this.end();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
