import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import type { Listener, LiveFeed, StreamServer } from './feed.ts';
import type { SentTag } from './media.ts';
import { type StreamWriter, writerOf } from './writers.ts';

/** Serves a feed over HTTP. */
export async function startHttpServer(
  feed: Pick<LiveFeed, 'serve'>,
  format: 'flv' | 'ts',
): Promise<StreamServer> {
  const server = createServer(
    (_request, response) => void feed.serve(new HttpListener(response, writerOf(format))),
  );
  const origin = await listenOnLoopback(server);
  return {
    url: `${origin}/live/generated.${format}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

class HttpListener implements Listener {
  readonly #response: ServerResponse;
  readonly #writer: StreamWriter;

  constructor(response: ServerResponse, writer: StreamWriter) {
    this.#response = response;
    this.#writer = writer;
  }

  get isGone(): boolean {
    return this.#response.destroyed;
  }

  begin(headers: readonly SentTag[], first: SentTag | undefined): void {
    this.#response.writeHead(200, { 'content-type': 'application/octet-stream' });
    this.#response.write(this.#writer.begin(headers, first));
  }

  write(tag: SentTag): void {
    this.#response.write(this.#writer.write(tag));
  }

  end(): void {
    this.#response.end();
  }

  refuse(): void {
    this.#response.writeHead(404).end();
  }
}
