import { once } from 'node:events';
import { type AddressInfo, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { DEFAULT_PORTS } from '../../../functions/core/source/sourceUrl.ts';
import { connectJudged } from './judgedSocket.ts';
import { RtspConversation, type RtspConversationOptions } from './rtspConversation.ts';

export interface RtspRelayOptions extends RtspConversationOptions {
  /** The host's, which were judged: nobody else is connected to. */
  readonly addresses: readonly [string, ...string[]];
}

/**
 * Stands between ffmpeg and an RTSP server, which may ask for credentials in a way that ffmpeg does not know, describe media in
 * one that it misreads, refuse what it cannot do without, or send what it throws away (media before it says that it does) or
 * takes for something else (datagrams that come twice): says who asks, tells of one format for each medium that is set up, keeps
 * media until they are expected, puts datagrams in order, and hands on all else. ffmpeg gets no password.
 */
export class RtspRelay {
  /** What ffmpeg is to be given in the place of the source. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(options: RtspRelayOptions): Promise<RtspRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RtspRelay(server, options);
  }

  private constructor(server: Server, options: RtspRelayOptions) {
    const { source, addresses } = options;
    const place = `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.url = `${place}${source.rest}`;
    const { scheme, host, port = DEFAULT_PORTS[scheme] ?? 0 } = source;
    server.once('connection', (client) => {
      // ffmpeg needs no other one, and nobody else is to have any.
      server.close();
      const open = (onread: OnReadOpts): Socket =>
        connectJudged({ host, port, addresses, isSecure: scheme === 'rtsps', onread });
      const { origin } = new RtspConversation(client, open, place, options);
      for (const socket of [client, origin]) this.#keep(socket);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
