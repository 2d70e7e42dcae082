import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { RtpOrder } from '../../../functions/core/source/rtpOrder.ts';

/** How long a datagram is waited for that has been overtaken by others. */
const LATE_MS = 500;
/** As much as the system allows: a keyframe comes at once, and whoever reads it may be busy. */
const RECEIVED_MAX_BYTES = 4 * 1024 * 1024;
/** Ports come in pairs, of which one may be taken. */
const TRIES_MAX = 50;
const MEDIA = 0x24;
const MEDIA_HEAD_BYTES = 4;
/** What opens the way through firewalls and address translation: an empty packet, and an empty report. */
const EMPTY_PACKET = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const EMPTY_REPORT = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
const TRANSPORT = /^transport:.*$/im;

/** One medium's: packets, and what is said of them. */
interface Pair {
  /** By whom ffmpeg knows it: packets have this number, reports the next one. */
  readonly channel: number;
  readonly sockets: readonly [packets: Datagrams, reports: Datagrams];
  readonly order: RtpOrder;
  /** The server's. */
  ports: readonly number[];
}

/** RTSP's media as datagrams, for an ffmpeg that has them within its connection. */
export class RtspDatagrams {
  readonly #origin: Socket;
  readonly #give: (bytes: Buffer) => void;
  readonly #pairs: Pair[] = [];
  /** The server's address. */
  #host: string | undefined;
  #isClosed: boolean = false;
  /** Of a packet of ffmpeg's that is not whole yet. */
  #rest: Buffer = Buffer.alloc(0);

  /**
   * @param origin the connection to the server, whose address its datagrams are sent to
   * @param give takes a packet as it is within a connection
   */
  constructor(origin: Socket, give: (bytes: Buffer) => void) {
    this.#origin = origin;
    this.#give = give;
  }

  /** @returns ffmpeg's request to set up a medium, as the server is to have it */
  async asked(request: string): Promise<string> {
    const [, channel] = /^transport:.*interleaved=(\d+)/im.exec(request) ?? [];
    if (channel === undefined) return request;
    const sockets = await this.#bound();
    const { port } = sockets[0].address();
    const pair: Pair = { channel: Number(channel), sockets, order: new RtpOrder(LATE_MS), ports: [] };
    this.#pairs.push(pair);
    for (const [i, socket] of sockets.entries())
      socket.on('message', (packet) => this.#take(pair, i, packet));
    return request.replace(TRANSPORT, `Transport: RTP/AVP/UDP;unicast;client_port=${port}-${port + 1}`);
  }

  /** @returns the answer to that, as ffmpeg is to have it */
  told(answer: string): string {
    const pair = this.#pairs.at(-1);
    this.#host = this.#origin.remoteAddress;
    if (pair === undefined || /^transport:.*interleaved=/im.test(answer)) return answer;
    const [, first, second] = /^transport:.*server_port=(\d+)(?:-(\d+))?/im.exec(answer) ?? [];
    if (first !== undefined) pair.ports = [Number(first), Number(second ?? Number(first) + 1)];
    const channels = `${pair.channel}-${pair.channel + 1}`;
    return answer.replace(TRANSPORT, `Transport: RTP/AVP/TCP;unicast;interleaved=${channels}`);
  }

  /** Media are about to be asked for. */
  open(): void {
    for (const pair of this.#pairs) {
      this.#send(pair, 0, EMPTY_PACKET);
      this.#send(pair, 1, EMPTY_REPORT);
    }
  }

  /** What ffmpeg says of what it has received. */
  report(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= MEDIA_HEAD_BYTES) {
      const end = MEDIA_HEAD_BYTES + this.#rest.readUInt16BE(2);
      if (this.#rest.length < end) return;
      const channel = this.#rest[1] as number;
      const pair = this.#pairs.find((one) => one.channel === (channel & ~1));
      if (pair !== undefined) this.#send(pair, channel & 1, this.#rest.subarray(MEDIA_HEAD_BYTES, end));
      this.#rest = this.#rest.subarray(end);
    }
  }

  /** Nothing more comes: what waits for what is missing is given. */
  flush(): void {
    for (const { order, channel } of this.#pairs)
      for (const packet of order.flush()) this.#give(within(channel, packet));
  }

  close(): void {
    this.#isClosed = true;
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.close();
    this.#pairs.length = 0;
  }

  #take({ order, channel }: Pair, i: number, packet: Buffer): void {
    const packets = i === 0 ? order.push(packet, performance.now()) : [packet];
    for (const one of packets) this.#give(within(channel + i, one));
  }

  #send({ sockets, ports }: Pair, i: number, bytes: Buffer): void {
    const [port, host] = [ports[i], this.#host];
    // Nobody may listen there.
    if (port !== undefined && host !== undefined) sockets[i]?.send(bytes, port, host, () => undefined);
  }

  /** A pair of sockets, of which the first one has an even port (RFC 3550, 11). */
  async #bound(): Promise<readonly [Datagrams, Datagrams]> {
    const type = this.#origin.remoteFamily === 'IPv6' ? 'udp6' : 'udp4';
    for (let tries = 1; ; tries++) {
      const opened: Datagrams[] = [];
      try {
        const first = await opening(type, 0);
        opened.push(first);
        const { port } = first.address();
        if (port % 2 !== 0) throw new RangeError('the port is odd');
        const second = await opening(type, port + 1);
        opened.push(second);
        if (this.#isClosed) throw new Error('nobody needs them any more');
        return [first, second];
      } catch (error) {
        for (const socket of opened) socket.close();
        if (tries === TRIES_MAX || this.#isClosed) throw error;
      }
    }
  }
}

async function opening(type: 'udp4' | 'udp6', port: number): Promise<Datagrams> {
  const socket = createSocket({ type, recvBufferSize: RECEIVED_MAX_BYTES });
  socket.bind(port);
  try {
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  // A server that has no such port says so to whoever sends there.
  socket.on('error', () => undefined);
  return socket;
}

/** A packet, as it is within a connection (RFC 2326, 10.12). */
function within(channel: number, packet: Buffer): Buffer {
  const head = Buffer.from([MEDIA, channel, packet.length >> 8, packet.length & 0xff]);
  return Buffer.concat([head, packet]);
}
