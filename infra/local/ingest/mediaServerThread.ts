import { parentPort, workerData } from 'node:worker_threads';
import NodeMediaServer from 'node-media-server';

/**
 * node-media-server in a thread of its own: it logs to the console, keeps its state in globals, and calls
 * `process.exit` when its port is taken, all of which ends at this thread's edge.
 */
export interface MediaServerData {
  /** 0 lets the system pick. */
  readonly port: number;
  /** Where it keeps the history of its streams. */
  readonly folder: string;
}

export type FromMediaServer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly kind: 'published' | 'unpublished'; readonly app: string; readonly name: string };

const parent = parentPort;
if (parent === null) throw new Error('mediaServerThread.ts runs in a worker thread only');
const { port, folder } = workerData as MediaServerData;
const tell = (message: FromMediaServer): void => parent.postMessage(message);

const config = {
  bind: '127.0.0.1',
  // It takes port 0 for "no RTMP"; what counts for listening is the port at the time of `run`.
  rtmp: { port: 1 },
  auth: { play: false, publish: false },
  record: { auto: false },
  store: { path: folder },
};
const server = new NodeMediaServer(config);
config.rtmp.port = port;

server.on('postPublish', (session) => {
  const { streamApp: app, streamName: name } = session;
  queueMicrotask(() => {
    // This event also comes for a second publisher, who is then refused.
    if (session.broadcast.publisher !== session) return;
    tell({ kind: 'published', app, name });
    // Its own event comes 30 s after the publisher has gone, in case it returns.
    session.socket.once('close', () => tell({ kind: 'unpublished', app, name }));
  });
});

const { tcpServer } = server.rtmpServer;
tcpServer.once('listening', () => {
  const address = tcpServer.address();
  if (address === null || typeof address === 'string') throw new Error('the RTMP server has no port');
  tell({ kind: 'listening', port: address.port });
});
const running = server.run();
// Its own listener ends the process.
tcpServer.removeAllListeners('error');
tcpServer.on('error', (error: NodeJS.ErrnoException) => {
  tell({ kind: 'failed', code: error.code, message: error.message });
});
await running;

parent.once('message', () => {
  void server.stop().then(() => parent.close());
});
