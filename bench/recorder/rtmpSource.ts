import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FromMediaServer, MediaServerData } from '../../infra/local/ingest/mediaServerThread.ts';
import { Child } from '../../test/support/children.ts';
import { ClipSource } from './clipSource.ts';
import type { FlvClip } from './flvClip.ts';

/** A clip without an end, in real time, published to a media server: what recorders and plain ffmpeg pull is RTMP. */
export class RtmpSource {
  readonly url: string;
  readonly #clip: ClipSource;
  readonly #server: Worker;
  readonly #publisher: Child;

  private constructor(url: string, clip: ClipSource, server: Worker, publisher: Child) {
    this.url = url;
    this.#clip = clip;
    this.#server = server;
    this.#publisher = publisher;
  }

  /** @param folder the media server's own */
  static async start(clip: FlvClip, folder: string): Promise<RtmpSource> {
    const source = await ClipSource.start(clip, { speed: 1 });
    const server = new Worker(
      path.resolve(import.meta.dirname, '../../infra/local/ingest/mediaServerThread.ts'),
      {
        env: {},
        stdout: true,
        workerData: { port: 0, folder: path.join(folder, 'mediaServer') } satisfies MediaServerData,
      },
    );
    const [listening] = (await once(server, 'message')) as [FromMediaServer];
    if (listening.kind !== 'listening') throw new Error(`the media server said ${listening.kind}`);
    const url = `rtmp://127.0.0.1:${listening.port}/live/clip`;
    const published = once(server, 'message');
    const publisher = new Child('ffmpeg', [
      ...['-nostdin', '-v', 'error', '-i', source.url, '-c', 'copy', '-f', 'flv', url],
    ]);
    await Promise.race([
      published,
      once(publisher.process, 'exit').then(() => {
        throw new Error(`the publisher ended: ${publisher.output}`);
      }),
    ]);
    return new RtmpSource(url, source, server, publisher);
  }

  async close(): Promise<void> {
    await this.#publisher.stop();
    await this.#server.terminate();
    await this.#clip.close();
  }
}
