import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import { ClipSource } from './clipSource.ts';
import type { FlvClip } from './flvClip.ts';

/** A clip without an end as MPEG-TS over HTTP, in real time: whoever connects joins it where it is, as a multicast. */
export class TsSource {
  readonly url: string;
  readonly #clip: ClipSource;
  readonly #server: Server;
  readonly #muxer: ChildProcess;

  private constructor(url: string, clip: ClipSource, server: Server, muxer: ChildProcess) {
    this.url = url;
    this.#clip = clip;
    this.#server = server;
    this.#muxer = muxer;
  }

  static async start(clip: FlvClip): Promise<TsSource> {
    const source = await ClipSource.start(clip, { speed: 1 });
    const muxer = spawn(
      'ffmpeg',
      ['-nostdin', '-v', 'error', '-i', source.url, '-c', 'copy', '-f', 'mpegts', 'pipe:1'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const listeners = new Set<ServerResponse>();
    muxer.stdout.on('data', (bytes: Buffer) => {
      for (const listener of listeners) listener.write(bytes);
    });
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp2t' });
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
    });
    await once(muxer.stdout, 'data');
    return new TsSource(`${await listenOnLoopback(server)}/live.ts`, source, server, muxer);
  }

  async close(): Promise<void> {
    const gone = once(this.#muxer, 'exit');
    this.#muxer.kill('SIGKILL');
    await gone;
    await this.#clip.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
