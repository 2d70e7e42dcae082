import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import type { StreamServer } from './feed.ts';
import { FIRST_LIST, type HlsFeed } from './hlsFeed.ts';

/** Serves a live playlist and its segments. */
export async function startHlsServer(feed: HlsFeed): Promise<StreamServer> {
  const server = createServer((request, response) => answer(feed, request, response));
  const origin = await listenOnLoopback(server);
  return {
    url: `${origin}/live/${FIRST_LIST}`,
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
  const content = feed.file(path.basename(url));
  if (content === undefined) response.writeHead(404).end();
  else response.writeHead(200).end(content);
}
