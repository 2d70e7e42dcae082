import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Listener, LiveFeed, StreamServer } from './feed.ts';
import type { SentTag } from './media.ts';
import { CommandReader, commandMessage, mediaMessage, OPENING, readCommand } from './rtmpMessages.ts';

const HANDSHAKE_BYTES = 1_536;
const VERSION = 3;
const STREAM_ID = 1;

/** Serves a feed over RTMP to whoever asks to play, whatever the name. */
export async function startRtmpServer(feed: Pick<LiveFeed, 'serve'>): Promise<StreamServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // Players go as they like.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    converse(socket, feed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `rtmp://127.0.0.1:${(server.address() as AddressInfo).port}/live/generated`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a player says until it plays (RTMP 1.0, 5.2 and 7.2): with a handshake that is not signed. */
function converse(socket: Socket, feed: Pick<LiveFeed, 'serve'>): void {
  const reader = new CommandReader();
  let pending: Buffer = Buffer.alloc(0);
  let greeted = 0;
  socket.on('data', (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes]);
    if (greeted === 0 && pending.length > HANDSHAKE_BYTES) {
      greeted = 1;
      const hello = Buffer.alloc(HANDSHAKE_BYTES);
      socket.write(Buffer.concat([Buffer.from([VERSION]), hello, pending.subarray(1, 1 + HANDSHAKE_BYTES)]));
      pending = pending.subarray(1 + HANDSHAKE_BYTES);
    }
    if (greeted === 1 && pending.length >= HANDSHAKE_BYTES) {
      greeted = 2;
      pending = pending.subarray(HANDSHAKE_BYTES);
    }
    if (greeted < 2) return;
    for (const message of reader.read(pending)) answer(socket, feed, message);
    pending = Buffer.alloc(0);
  });
}

function answer(socket: Socket, feed: Pick<LiveFeed, 'serve'>, message: Buffer): void {
  const { name, transaction } = readCommand(message);
  const status = { level: 'status', code: 'NetConnection.Connect.Success' };
  if (name === 'connect')
    socket.write(Buffer.concat([OPENING, commandMessage(0, '_result', transaction, null, status)]));
  if (name === 'createStream') socket.write(commandMessage(0, '_result', transaction, null, STREAM_ID));
  if (name === 'play') void feed.serve(new RtmpListener(socket));
}

class RtmpListener implements Listener {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isGone(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  begin(headers: readonly SentTag[], first: SentTag | undefined): void {
    this.#status('status', 'NetStream.Play.Start');
    for (const tag of headers) this.write({ ...tag, atMs: first?.atMs ?? 0 });
  }

  write({ kind, atMs, body }: SentTag): void {
    this.#socket.write(mediaMessage(STREAM_ID, kind, atMs, body));
  }

  end(): void {
    this.#socket.end();
  }

  refuse(): void {
    this.#status('error', 'NetStream.Play.StreamNotFound');
    this.#socket.end();
  }

  #status(level: string, code: string): void {
    this.#socket.write(commandMessage(STREAM_ID, 'onStatus', 0, null, { level, code, description: code }));
  }
}
