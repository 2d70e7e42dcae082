import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AUDIO, type FlvTag, isConfiguration, VIDEO } from './flvTags.ts';

const PICTURES = { channel: 0, payloadType: 96, clockHz: 90_000 };
const PACKET_BYTES = 1_200;
const FRAGMENT = 28;

/**
 * An RTSP server that describes H.264 and AAC, and sends what it is given in its own time, inside of its connection. Whoever
 * comes again gets what is sent from then on.
 */
export class LaterRtsp {
  plays = 0;
  readonly url: string;
  readonly #server;
  readonly #tags: readonly FlvTag[];
  readonly #description: string;
  readonly #sound;
  #beganAtMs: number | undefined;

  private constructor(server: ReturnType<typeof createServer>, tags: readonly FlvTag[], rateHz: number) {
    this.url = `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/cam`;
    this.#server = server;
    this.#tags = tags.filter((tag) => !isConfiguration(tag));
    this.#sound = { channel: 2, payloadType: 97, clockHz: rateHz };
    this.#description = describe(tags, rateHz);
    server.on('connection', (socket) => void this.#serve(socket).catch(() => socket.destroy()));
  }

  /** @param rateHz of the sound, which has one channel */
  static async start(tags: readonly FlvTag[], rateHz = 44_100): Promise<LaterRtsp> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LaterRtsp(server, tags, rateHz);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy());
    let asked = '';
    for await (const chunk of socket) {
      asked += (chunk as Buffer).toString('latin1');
      for (let end = asked.indexOf('\r\n\r\n'); end >= 0; end = asked.indexOf('\r\n\r\n')) {
        // What a player reports within the connection stands in front of its requests.
        const request = /(?:OPTIONS|DESCRIBE|SETUP|PLAY|TEARDOWN|GET_PARAMETER) [\s\S]*$/.exec(
          asked.slice(0, end),
        )?.[0];
        asked = asked.slice(end + 4);
        if (request !== undefined) this.#answer(socket, request);
      }
    }
  }

  #answer(socket: Socket, request: string): void {
    const method = request.slice(0, request.indexOf(' '));
    const value = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'im').exec(request)?.[1] ?? '';
    const lines = [`CSeq: ${value('CSeq')}`, 'Session: 1'];
    if (method === 'OPTIONS') lines.push('Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER');
    if (method === 'SETUP') lines.push(`Transport: ${value('Transport')}`);
    const body = method === 'DESCRIBE' ? this.#description : '';
    if (body !== '') lines.push('Content-Type: application/sdp', `Content-Length: ${body.length}`);
    socket.write(`RTSP/1.0 200 OK\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
    if (method === 'PLAY') void this.#play(socket);
    if (method === 'TEARDOWN') socket.end();
  }

  async #play(socket: Socket): Promise<void> {
    this.plays += 1;
    this.#beganAtMs ??= performance.now();
    const beganAtMs = this.#beganAtMs;
    const nowMs = (): number => performance.now() - beganAtMs;
    const joinedAtMs = this.plays === 1 ? 0 : nowMs();
    const sequences = new Map<number, number>();
    for (const tag of this.#tags) {
      if (tag.atMs < joinedAtMs) continue;
      const waitMs = tag.atMs - nowMs();
      if (waitMs > 0) await delay(waitMs);
      if (socket.destroyed) return;
      const track = tag.kind === AUDIO ? this.#sound : PICTURES;
      const payloads = tag.kind === AUDIO ? [soundOf(tag)] : picturesOf(tag);
      for (const [place, payload] of payloads.entries()) {
        const sequence = sequences.get(track.channel) ?? 0;
        sequences.set(track.channel, (sequence + 1) & 0xffff);
        const head = Buffer.alloc(16);
        head.write('$', 'latin1');
        head[1] = track.channel;
        head.writeUInt16BE(12 + payload.length, 2);
        head[4] = 0x80;
        head[5] = track.payloadType | (place === payloads.length - 1 ? 0x80 : 0);
        head.writeUInt16BE(sequence, 6);
        head.writeUInt32BE(Math.round((tag.atMs * track.clockHz) / 1_000) >>> 0, 8);
        head.writeUInt32BE(1 + track.channel, 12);
        socket.write(Buffer.concat([head, payload]));
      }
    }
    socket.end();
  }
}

function describe(tags: readonly FlvTag[], rateHz: number): string {
  const configuration = (kind: number): Buffer =>
    tags.find((tag) => tag.kind === kind && isConfiguration(tag))?.body ?? Buffer.alloc(0);
  const avcC = configuration(VIDEO).subarray(5);
  const spsBytes = avcC.readUInt16BE(6);
  const sps = avcC.subarray(8, 8 + spsBytes);
  const ppsAt = 8 + spsBytes + 3;
  const pps = avcC.subarray(ppsAt, ppsAt + avcC.readUInt16BE(ppsAt - 2));
  const aac = 'streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3';
  return [
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=cam', 't=0 0'],
    ...[`m=video 0 RTP/AVP ${PICTURES.payloadType}`, 'a=rtpmap:96 H264/90000'],
    `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${sps.toString('base64')},${pps.toString('base64')}`,
    ...['a=control:track0', 'm=audio 0 RTP/AVP 97', `a=rtpmap:97 MPEG4-GENERIC/${rateHz}/1`],
    `a=fmtp:97 ${aac};config=${configuration(AUDIO).subarray(2, 4).toString('hex')}`,
    ...['a=control:track1', ''],
  ].join('\r\n');
}

/** RFC 3640: one frame, with its length in front. */
function soundOf({ body }: FlvTag): Buffer {
  const frame = body.subarray(2);
  const head = Buffer.from([0, 16, 0, 0]);
  head.writeUInt16BE(frame.length << 3, 2);
  return Buffer.concat([head, frame]);
}

/** RFC 6184: each NAL unit by itself, or in fragments. */
function picturesOf({ body }: FlvTag): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 5; at + 4 <= body.length; ) {
    const unit = body.subarray(at + 4, at + 4 + body.readUInt32BE(at));
    at += 4 + unit.length;
    if (unit.length <= PACKET_BYTES) payloads.push(unit);
    else payloads.push(...fragmentsOf(unit));
  }
  return payloads;
}

function fragmentsOf(unit: Buffer): Buffer[] {
  const first = unit[0] ?? 0;
  const fragments: Buffer[] = [];
  for (let at = 1; at < unit.length; at += PACKET_BYTES) {
    const end = Math.min(unit.length, at + PACKET_BYTES);
    const marks = (at === 1 ? 0x80 : 0) | (end === unit.length ? 0x40 : 0);
    fragments.push(
      Buffer.concat([Buffer.from([(first & 0xe0) | FRAGMENT, marks | (first & 31)]), unit.subarray(at, end)]),
    );
  }
  return fragments;
}
