import type { OnReadOpts, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { RecordingSettings } from '../../../functions/core/settings/settings.ts';
import { withFirstFormats } from '../../../functions/core/source/sdpFormats.ts';
import { mediumAt, type SdpMedium, withoutMedia } from '../../../functions/core/source/sdpMedia.ts';
import type { Source } from '../../../functions/core/source/sourceUrl.ts';
import { ReadRhythm } from '../readRhythm.ts';
import { connectionComplaint } from './judgedSocket.ts';
import { authorizationOf } from './rtspAuthorization.ts';
import { RtspDatagrams } from './rtspDatagrams.ts';
import { END_OF_HEAD, RtspPieces } from './rtspPieces.ts';

export interface RtspConversationOptions {
  readonly source: Source;
  /** Media that the server has described and does not set up, by their `control`: ffmpeg is not told of them. It grows. */
  readonly refused: Map<string, SdpMedium>;
  /** How the server is asked to send its media; ffmpeg has them within its connection. */
  readonly transport: RecordingSettings['rtspTransport'];
  /** Told why the server cannot be reached, in ffmpeg's words for it. */
  readonly onFailure: (complaint: string) => void;
  /** Told that the server sends ffmpeg elsewhere, where its description did not: that is not followed. */
  readonly onRedirect: () => void;
}

/** Without credentials, and with ones that were too old. */
const TRIES_MAX = 2;

/** What there is to say where a server does not tell what it can do. */
const METHODS = 'DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER';
/** What comes before the answer to PLAY: a keyframe and what has come behind it in as long as a server may think. */
const EARLY_MAX_BYTES = 8 * 1024 * 1024;
/** Media that ffmpeg is slow to take: as much as it would have lost by itself. */
const BEHIND_MAX_BYTES = 8 * 1024 * 1024;
/** As much is read at once. */
const READ_MAX_BYTES = 64 * 1024;
/** What is read is copied out of it before anything else is. */
const MEMORY = Buffer.allocUnsafeSlow(READ_MAX_BYTES);
/** The transport is another one than the server has. */
const UNSUPPORTED_TRANSPORT = '461';
/** Of a server's own faults: it does not know the method, the version, or an option. */
const NEVER: ReadonlySet<string> = new Set(['501', '505', '551']);
/** Too little bandwidth, or a server that is busy, or still starting: what was refused may be set up the next time. */
const isForNow = (status: string): boolean =>
  status === '453' || (status.startsWith('5') && !NEVER.has(status));

type Take = (head: string | undefined, bytes: Buffer) => void;

/** One connection of ffmpeg's to the relay, and its other end at the server: what each says to the other. */
export class RtspConversation {
  readonly origin: Socket;
  readonly #client: Socket;
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
  #hasAnswered: boolean = false;
  #hasSetUp: boolean = false;
  #hasPlayed: boolean = false;
  readonly #rhythm = new ReadRhythm(READ_MAX_BYTES);
  /** As `setsAlone`. */
  #isKeptBySetting: boolean = false;
  /** Media that have come before the answer to PLAY; undefined: they are not kept. */
  #early: Buffer[] | undefined;
  #earlyBytes = 0;
  readonly #refused: RtspConversationOptions['refused'];
  readonly #onRedirect: () => void;
  /** Undefined: the server's media are in its connection. */
  readonly #datagrams: RtspDatagrams | undefined;

  constructor(
    client: Socket,
    open: (onread: OnReadOpts) => Socket,
    place: string,
    { source, refused, transport, onFailure, onRedirect }: RtspConversationOptions,
  ) {
    this.#onRedirect = onRedirect;
    const { scheme, host, port } = source;
    this.#refused = refused;
    this.#client = client;
    const pieces = new RtspPieces();
    const origin = open({ buffer: MEMORY, callback: (bytes) => this.#read(pieces, bytes) });
    this.origin = origin;
    this.#source = source;
    this.#places = [place, `${scheme}://${host}${port === undefined ? '' : `:${port}`}`];
    if (transport === 'udp' && scheme === 'rtsp') {
      const datagrams = new RtspDatagrams(origin, (bytes) => this.#giveDatagram(bytes));
      for (const over of ['end', 'close']) origin.on(over, () => datagrams.flush());
      client.on('close', () => datagrams.close());
      this.#datagrams = datagrams;
    }
    origin.on('error', (error) => {
      // What it has said by then is the reason.
      if (!this.#hasAnswered) onFailure(connectionComplaint(error));
    });
    const asked = new RtspPieces();
    client.on('data', (chunk) => {
      this.#take(client, asked, chunk, (head, bytes) => this.#fromClient(head, bytes));
      if (origin.writableNeedDrain) client.pause();
    });
    join(client, origin);
    client.on('error', () => breakOff(origin));
    join(origin, client);
    // Of media, what has come is heard to its end.
    origin.on('error', () => this.#hasPlayed || breakOff(client));
  }

  /** Takes what the server sends. @returns whether to read on at once: media are many small pieces */
  #read(pieces: RtspPieces, bytes: number): boolean {
    this.#hasAnswered = true;
    const chunk = Buffer.from(MEMORY.subarray(0, bytes));
    this.#take(this.origin, pieces, chunk, (head, piece) => this.#fromOrigin(head, piece));
    if (this.#client.writableNeedDrain) return false;
    if (!this.#hasPlayed || bytes === READ_MAX_BYTES) return true;
    const restMs = this.#rhythm.restMs(bytes, performance.now());
    if (restMs > 0) setTimeout(() => this.origin.resume(), restMs);
    return restMs === 0;
  }

  #take(from: Socket, pieces: RtspPieces, chunk: Buffer, take: Take): void {
    try {
      for (const { head, bytes } of pieces.push(chunk)) take(head, bytes);
    } catch (error) {
      // What has no end is no RTSP.
      from.destroy(error as Error);
    }
  }

  #fromClient(head: string | undefined, bytes: Buffer): void {
    const [, method] = /^([A-Z_]+) \S+ RTSP\//.exec(head ?? '') ?? [];
    if (method === undefined) {
      if (head === undefined && this.#datagrams !== undefined) this.#datagrams.report(bytes);
      else this.origin.write(bytes);
      return;
    }
    const keeps = this.#hasPlayed && (method === 'OPTIONS' || method === 'GET_PARAMETER');
    const request = bytes.toString('latin1').replace(...this.#places);
    if (method === 'PLAY') this.#early = [];
    if (method === 'PLAY') this.#datagrams?.open();
    if (method === 'SETUP' && this.#datagrams !== undefined) {
      this.#datagrams.asked(request).then(
        (asked) => this.#ask(asked, 0),
        (error: Error) => this.origin.destroy(error),
      );
    } else this.#ask(keeps && this.#isKeptBySetting ? request.replace(method, 'SET_PARAMETER') : request, 0);
  }

  #fromOrigin(head: string | undefined, bytes: Buffer): void {
    const [, status] = /^\s*RTSP\/\d\.\d (\d{3})/.exec(head ?? '') ?? [];
    if (head === undefined || status === undefined) {
      this.#giveMedia(bytes);
      return;
    }
    if (status.startsWith('3')) {
      this.#onRedirect();
      this.#client.resetAndDestroy();
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
      if (asked?.request.startsWith('PLAY ') === true) this.#giveEarly();
    }
  }

  #giveMedia(bytes: Buffer): void {
    if (this.#early === undefined) {
      this.#client.write(bytes);
      return;
    }
    this.#early.push(bytes);
    this.#earlyBytes += bytes.length;
    // ffmpeg throws it away.
    if (this.#earlyBytes > EARLY_MAX_BYTES) this.#giveEarly();
  }

  /** Datagrams come whether anybody takes them or not, and behind the end of the connection, which ffmpeg has heard of. */
  #giveDatagram(bytes: Buffer): void {
    if (this.#client.writable && this.#client.writableLength < BEHIND_MAX_BYTES) this.#giveMedia(bytes);
  }

  #giveEarly(): void {
    for (const bytes of this.#early ?? []) this.#client.write(bytes);
    this.#early = undefined;
    this.#earlyBytes = 0;
  }

  /** An answer, as ffmpeg is to have it. */
  #told(request: string, status: string, head: string, bytes: Buffer): Buffer {
    const [, method = '', url = ''] = /^(\S+) (\S+)/.exec(request) ?? [];
    if (status === '200') {
      this.#hasSetUp ||= method === 'SETUP';
      this.#hasPlayed ||= method === 'PLAY';
      if (method === 'OPTIONS') this.#isKeptBySetting = setsAlone(head);
      if (method === 'SETUP' && this.#datagrams !== undefined)
        return Buffer.from(this.#datagrams.told(bytes.toString('latin1')), 'latin1');
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
    this.origin.write(request.slice(0, end) + header + request.slice(end), 'latin1');
  }
}

/** TLS has no reset: Node throws where it is asked for one. */
function breakOff(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/** The end of one side is the other's, which is read no faster than this one takes it. */
function join(from: Socket, to: Socket): void {
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => to.destroySoon());
}

/**
 * Whether an RTSP server tells by SET_PARAMETER alone that whoever plays it is still there (RFC 7826, 10.5): ffmpeg asks for
 * parameters, or for options where there is no such request, and is left when its session is over.
 * @param head of an answer to OPTIONS
 */
function setsAlone(head: string): boolean {
  const methods = /^public: *(.*)$/im.exec(head)?.[1] ?? '';
  return /\bSET_PARAMETER\b/.test(methods) && !/\bGET_PARAMETER\b/.test(methods);
}
