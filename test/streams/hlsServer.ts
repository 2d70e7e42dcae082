import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import type { StreamServer } from './feed.ts';
import type { HlsFeed } from './hlsFeed.ts';

const LIST = 'generated.m3u8';

/** Serves a live playlist and its segments. */
export async function startHlsServer(feed: HlsFeed): Promise<StreamServer> {
  const server = createServer((request, response) => answer(feed, request, response));
  const origin = await listenOnLoopback(server);
  return {
    url: `${origin}/live/${LIST}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(feed: HlsFeed, { url = '' }: IncomingMessage, response: ServerResponse): void {
  const { state } = feed;
  if (state === 'hangingUp') {
    response.destroy();
    return;
  }
  if (state === 'failing') {
    response.writeHead(503).end();
    return;
  }
  const name = path.basename(url);
  const content = name === LIST ? feed.playlist() : feed.segment(name);
  if (content === undefined) response.writeHead(404).end();
  else response.writeHead(200).end(content);
}
