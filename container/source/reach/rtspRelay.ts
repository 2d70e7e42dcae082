import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { withFirstFormats } from '../../../functions/core/source/sdpFormats.ts';
import { mediumAt, type SdpMedium, withoutMedia } from '../../../functions/core/source/sdpMedia.ts';
import { DEFAULT_PORTS, type Source } from '../../../functions/core/source/sourceUrl.ts';
import { connectJudged } from './judgedSocket.ts';
import { authorizationOf } from './rtspAuthorization.ts';
import { setsAlone } from './rtspDescription.ts';
import { END_OF_HEAD, RtspPieces } from './rtspPieces.ts';

/** Without credentials, and with ones that were too old. */
const TRIES_MAX = 2;

export interface RtspRelayOptions {
  readonly source: Source;
  /** The host's, which were judged: nobody else is connected to. */
  readonly addresses: readonly [string, ...string[]];
  /** Media that the server has described and does not set up, by their `control`: ffmpeg is not told of them. It grows. */
  readonly refused: Map<string, SdpMedium>;
}

/** What there is to say where a server does not tell what it can do. */
const METHODS = 'DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER';
/** The transport is another one than the server has. */
const UNSUPPORTED_TRANSPORT = '461';
/** Of a server's own faults: it does not know the method, the version, or an option. */
const NEVER: ReadonlySet<string> = new Set(['501', '505', '551']);
/** Too little bandwidth, or a server that is busy, or still starting: what was refused may be set up the next time. */
const isForNow = (status: string): boolean =>
  status === '453' || (status.startsWith('5') && !NEVER.has(status));

/**
 * Stands between ffmpeg and an RTSP server that asks for credentials in a way that ffmpeg does not know, describes media in
 * one that it misreads, or refuses what ffmpeg cannot do without: says who asks, tells of one format for each medium that is
 * set up, and hands on all else. ffmpeg gets no password.
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

  private constructor(server: Server, { source, addresses, refused }: RtspRelayOptions) {
    const place = `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.url = `${place}${source.rest}`;
    const { scheme, host, port = DEFAULT_PORTS[scheme] ?? 0 } = source;
    server.once('connection', (client) => {
      // ffmpeg needs no other one, and nobody else is to have any.
      server.close();
      const origin = connectJudged({ host, port, addresses, isSecure: scheme === 'rtsps' });
      for (const socket of [client, origin]) this.#keep(socket);
      new Conversation(client, origin, source, place, refused);
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

/** One connection of ffmpeg's, and its other end at the server. */
class Conversation {
  readonly #client: Socket;
  readonly #origin: Socket;
  readonly #source: Source;
  /** What ffmpeg takes for the server, and what it is. */
  readonly #places: readonly [ours: string, theirs: string];
  /** The server's last answer 401 that could be answered, and how often it was. */
  #challenge: string | undefined;
  #count = 0;
  /** The request that is not answered yet, and how often it was refused. */
  #asked: { readonly request: string; readonly tries: number } | undefined;

  /** As the server has described itself. */
  #sdp = '';
  #hasSetUp: boolean = false;
  #hasPlayed: boolean = false;
  /** As `isKeptBySetting`. */
  #isKeptBySetting: boolean = false;
  readonly #refused: RtspRelayOptions['refused'];

  constructor(
    client: Socket,
    origin: Socket,
    source: Source,
    place: string,
    refused: RtspRelayOptions['refused'],
  ) {
    const { scheme, host, port } = source;
    this.#refused = refused;
    this.#client = client;
    this.#origin = origin;
    this.#source = source;
    this.#places = [place, `${scheme}://${host}${port === undefined ? '' : `:${port}`}`];
    this.#join(client, origin, (head, bytes) => this.#fromClient(head, bytes));
    this.#join(origin, client, (head, bytes) => this.#fromOrigin(head, bytes));
  }

  /** Reads pieces of one side for the other, no faster than that takes them; the end of either is the other's. */
  #join(from: Socket, to: Socket, take: (head: string | undefined, bytes: Buffer) => void): void {
    const pieces = new RtspPieces();
    from.on('data', (chunk) => {
      try {
        for (const { head, bytes } of pieces.push(chunk)) take(head, bytes);
      } catch (error) {
        // What has no end is no RTSP.
        from.destroy(error as Error);
      }
      if (to.writableNeedDrain) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => to.destroySoon());
  }

  #fromClient(head: string | undefined, bytes: Buffer): void {
    const [, method] = /^([A-Z_]+) \S+ RTSP\//.exec(head ?? '') ?? [];
    if (method === undefined) {
      this.#origin.write(bytes);
      return;
    }
    const keeps = this.#hasPlayed && (method === 'OPTIONS' || method === 'GET_PARAMETER');
    const request = bytes.toString('latin1').replace(...this.#places);
    this.#ask(keeps && this.#isKeptBySetting ? request.replace(method, 'SET_PARAMETER') : request, 0);
  }

  #fromOrigin(head: string | undefined, bytes: Buffer): void {
    const [, status] = /^\s*RTSP\/\d\.\d (\d{3})/.exec(head ?? '') ?? [];
    if (head === undefined || status === undefined) {
      this.#client.write(bytes);
      return;
    }
    const asked = this.#asked;
    this.#asked = undefined;
    if (status === '401' && asked !== undefined && this.#canAnswer(head, asked.tries)) {
      this.#challenge = head;
      this.#count = 0;
      this.#ask(asked.request, asked.tries + 1);
    } else {
      this.#client.write(this.#told(asked?.request ?? '', status, head, bytes));
    }
  }

  /** An answer, as ffmpeg is to have it. */
  #told(request: string, status: string, head: string, bytes: Buffer): Buffer {
    const [, method = '', url = ''] = /^(\S+) (\S+)/.exec(request) ?? [];
    if (status === '200') {
      this.#hasSetUp ||= method === 'SETUP';
      this.#hasPlayed ||= method === 'PLAY';
      if (method === 'OPTIONS') this.#isKeptBySetting = setsAlone(head);
      return this.#described(head, bytes);
    }
    if (method === 'OPTIONS' && status !== '401') {
      const sequence = /^cseq:.*$/im.exec(request)?.[0] ?? '';
      return Buffer.from(`RTSP/1.0 200 OK\r\n${sequence}\r\nPublic: ${METHODS}${END_OF_HEAD}`, 'latin1');
    }
    const mayBeOne = status !== UNSUPPORTED_TRANSPORT || this.#hasSetUp;
    if (method === 'SETUP' && status !== '401' && mayBeOne) {
      const medium = mediumAt(this.#sdp, url);
      // Sound alone, for as long as it comes, is less than pictures a little later.
      const isWaitedFor = isForNow(status) && medium?.text.startsWith('m=video') === true;
      if (medium?.control !== undefined && !isWaitedFor) this.#refused.set(medium.control, medium);
    }
    return bytes;
  }

  /** With another body where it is a description of media that offer several formats, or that are not set up. */
  #described(head: string, bytes: Buffer): Buffer {
    if (!/^content-type: *application\/sdp/im.test(head)) return bytes;
    const headBytes = Buffer.byteLength(head, 'latin1') + END_OF_HEAD.length;
    this.#sdp = bytes.toString('latin1', headBytes);
    const sdp = withFirstFormats(withoutMedia(this.#sdp, new Set(this.#refused.keys())));
    const told = head.replace(/^(content-length: *)\d+/im, `$1${sdp.length}`);
    return Buffer.from(`${told}${END_OF_HEAD}${sdp}`, 'latin1');
  }

  /** What was refused with credentials is asked for once more only where those were too old. */
  #canAnswer(head: string, tries: number): boolean {
    const isNew = this.#challenge === undefined || /\bstale="?true/i.test(head);
    const probe = { method: '', uri: '', count: 1 };
    return isNew && tries < TRIES_MAX && authorizationOf(head, this.#source, probe) !== undefined;
  }

  #ask(request: string, tries: number): void {
    const [, method = '', uri = ''] = /^(\S+) (\S+)/.exec(request) ?? [];
    this.#asked = { request, tries };
    this.#count += 1;
    const challenge = this.#challenge;
    const asked = { method, uri, count: this.#count };
    const authorization =
      challenge === undefined ? undefined : authorizationOf(challenge, this.#source, asked);
    const header = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
    const end = request.indexOf('\r\n') + 2;
    this.#origin.write(request.slice(0, end) + header + request.slice(end), 'latin1');
  }
}
