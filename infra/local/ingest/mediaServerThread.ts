import { parentPort, workerData } from 'node:worker_threads';
import NodeMediaServer from 'node-media-server';
import context from 'node-media-server/src/core/context.js';
import Rtmp from 'node-media-server/src/protocol/rtmp.js';
import { SaidOnce } from './saidOnce.ts';
import { nameOf, plainOf, type StreamAddress, streamAddress } from './streamNames.ts';

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
  | {
      readonly kind: 'published';
      readonly app: string;
      readonly name: string;
      /** Below the server's own URL: where it is played. */
      readonly path: string;
      readonly isToBeRecorded: boolean;
    }
  | { readonly kind: 'unpublished'; readonly app: string; readonly name: string }
  | { readonly kind: 'refused'; readonly message: string };

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
  // Its pages would be looked for beside its own sources.
  webadmin: { enable: false },
  store: { path: folder },
};
const server = new NodeMediaServer(config);
config.rtmp.port = port;

/** By connection: whether its publisher asks to be recorded. */
const toBeRecorded = new WeakSet<object>();
const published = new Set<string>();
const keyOf = ({ app, name }: Pick<StreamAddress, 'app' | 'name'>): string => JSON.stringify([app, name]);

/**
 * What the server would drop without a word, with what a publisher's program shows to its user. All names are told to it in
 * letters that it takes.
 */
const { onPublish, onPlay } = Rtmp.prototype;
Rtmp.prototype.onPublish = function publish(invocation) {
  try {
    const address = streamAddress(this.streamApp, invocation.streamName);
    if (published.has(keyOf(address)))
      throw new Error(`${address.app}/${address.name} is being published already.`);
    if (address.isToBeRecorded) toBeRecorded.add(this);
    this.streamApp = plainOf(address.app);
    onPublish.call(this, { ...invocation, streamName: plainOf(address.name) });
  } catch (error) {
    refuse(this, 'NetStream.Publish.BadName', error as Error);
  }
};
Rtmp.prototype.onPlay = function play(invocation) {
  try {
    const { app, name } = streamAddress(this.streamApp, invocation.streamName);
    this.streamApp = plainOf(app);
    onPlay.call(this, { ...invocation, streamName: plainOf(name) });
  } catch (error) {
    refuse(this, 'NetStream.Play.Failed', error as Error);
  }
};

function refuse(connection: Rtmp, code: string, { message }: Error): void {
  connection.sendStatusMessage(connection.parserPacket.header.stream_id, 'error', code, message);
  for (const { rtmp, socket } of context.sessions.values()) if (rtmp === connection) socket.end();
  tell({ kind: 'refused', message });
}

server.on('postPublish', (session) => {
  const { streamApp, streamName, rtmp } = session;
  const [app, name] = [nameOf(streamApp), nameOf(streamName)];
  const { onPacketCallback: pass } = rtmp;
  const saidOnce = new SaidOnce();
  rtmp.onPacketCallback = (packet) => saidOnce.passOn(packet, session.broadcast, () => pass(packet));
  queueMicrotask(() => {
    // This event also comes for a second publisher, who is then refused.
    if (session.broadcast.publisher !== session) return;
    published.add(keyOf({ app, name }));
    const path = `${streamApp}/${streamName}`;
    tell({ kind: 'published', app, name, path, isToBeRecorded: toBeRecorded.has(rtmp) });
    // Its own event comes 30 s after the publisher has gone, in case it returns.
    session.socket.once('close', () => {
      published.delete(keyOf({ app, name }));
      tell({ kind: 'unpublished', app, name });
    });
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
