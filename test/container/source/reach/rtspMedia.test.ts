import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RtspPieces } from '../../../../container/source/reach/rtspPieces.ts';
import { RtspRelay } from '../../../../container/source/reach/rtspRelay.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';
import { closersForTests } from '../../../support/forTests.ts';

const message = (...lines: string[]): string => [...lines, '', ''].join('\r\n');

describe('an RTSP server that sends media', () => {
  const closers = closersForTests();
  const packet = (number: number): Buffer => {
    const bytes = Buffer.alloc(20, number);
    bytes.writeUInt16BE(0x80_60);
    bytes.writeUInt16BE(number, 2);
    bytes.writeUInt32BE(7, 8);
    return bytes;
  };
  const within = (channel: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0x24, channel, 0, bytes.length]), bytes]);

  /** Talks to the relay, in place of ffmpeg. */
  async function talkTo(transport: 'tcp' | 'udp', answer: (head: string, socket: Socket) => void) {
    const listening = createServer((socket) => {
      const pieces = new RtspPieces();
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const { head } of pieces.push(chunk)) if (head !== undefined) answer(head, socket);
      });
    }).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    closers.push(async () => void listening.close());
    const { port } = listening.address() as AddressInfo;
    const source = parseSource(`rtsp://127.0.0.1:${port}/cam`, 'url');
    let redirected = false;
    const relay = await RtspRelay.start({
      ...{ source, addresses: ['127.0.0.1'], refused: new Map(), transport },
      onFailure: () => undefined,
      onRedirect: () => (redirected = true),
    });
    closers.push(async () => relay.close());
    const client = connect(Number(new URL(relay.url).port), '127.0.0.1');
    closers.push(async () => void client.destroy());
    client.on('error', () => undefined);
    const pieces = new RtspPieces();
    const heard: (string | Buffer)[] = [];
    let waits = Promise.withResolvers<void>();
    client.on('data', (chunk) => {
      for (const { head, bytes } of pieces.push(chunk)) heard.push(head ?? Buffer.from(bytes));
      waits.resolve();
    });
    return {
      client,
      say: (...lines: string[]) => client.write(message(...lines)),
      send: (bytes: Buffer) => client.write(bytes),
      closed: async () => {
        await new Promise((resolve) => client.once('close', resolve));
        return redirected;
      },
      /** Answers and media, as they came. */
      until: async (isEnough: (heard: readonly (string | Buffer)[]) => boolean) => {
        while (!isEnough(heard)) {
          await waits.promise;
          waits = Promise.withResolvers();
        }
        return heard;
      },
    };
  }
  const mediaOf = (heard: readonly (string | Buffer)[]): Buffer =>
    Buffer.concat(heard.filter((one) => typeof one !== 'string'));

  it('before it says so is heard from the first packet on', async () => {
    const early = within(0, packet(1));
    const { say, until } = await talkTo('tcp', (head, socket) => {
      if (head.startsWith('PLAY')) socket.write(early);
      socket.write(message('RTSP/1.0 200 OK', `X-Of: ${head.split(' ')[0]}`));
    });
    say('SETUP rtsp://cam/1 RTSP/1.0', 'CSeq: 1');
    await until((heard) => heard.length > 0);
    say('PLAY rtsp://cam RTSP/1.0', 'CSeq: 2');
    const heard = await until((all) => mediaOf(all).length >= early.length);
    expect(heard.slice(1)).toEqual([expect.stringContaining('X-Of: PLAY'), early]);
  });

  it('elsewhere is not followed', async () => {
    const { say, closed, until } = await talkTo('tcp', (_, socket) =>
      socket.write(message('RTSP/1.0 302 Found', 'Location: rtsp://127.0.0.1:1/cam')),
    );
    say('SETUP rtsp://cam/1 RTSP/1.0', 'CSeq: 1');
    expect(await closed()).toBe(true);
    expect(await until(() => true)).toEqual([]);
  });

  it('as datagrams is heard in order, each once, and hears what is said of them', async () => {
    const sockets = [createSocket('udp4'), createSocket('udp4')];
    const told: Buffer[][] = [[], []];
    for (const [i, socket] of sockets.entries()) {
      socket.on('message', (bytes) => told[i]?.push(bytes));
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      closers.push(async () => void socket.close());
    }
    const [packets, reports] = sockets as [Datagrams, Datagrams];
    const ports = [packets.address().port, reports.address().port];
    let transport = '';
    let to = 0;
    const report = Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 7]);
    const { say, send, until } = await talkTo('udp', (head, socket) => {
      const asked = /^transport: (.*)$/im.exec(head)?.[1];
      if (asked !== undefined) transport = asked;
      to = Number(/client_port=(\d+)/.exec(transport)?.[1]);
      const line = asked === undefined ? '' : `Transport: ${asked};server_port=${ports.join('-')}`;
      if (head.startsWith('PLAY'))
        for (const i of [1, 1, 3, 2, 2, 4]) packets.send(packet(i), to, '127.0.0.1');
      socket.write(message('RTSP/1.0 200 OK', ...(line === '' ? [] : [line])));
    });
    say('SETUP rtsp://cam/1 RTSP/1.0', 'CSeq: 1', 'Transport: RTP/AVP/TCP;unicast;interleaved=2-3');
    const [answer] = await until((all) => all.length > 0);
    expect(answer).toContain('Transport: RTP/AVP/TCP;unicast;interleaved=2-3');
    expect(transport).toMatch(/^RTP\/AVP\/UDP;unicast;client_port=\d*[02468]-\d+$/);
    say('PLAY rtsp://cam RTSP/1.0', 'CSeq: 2');
    const expected = Buffer.concat([1, 2, 3, 4].map((i) => within(2, packet(i))));
    expect(mediaOf(await until((all) => mediaOf(all).length >= expected.length))).toEqual(expected);
    reports.send(report, to + 1, '127.0.0.1');
    const all = await until((heard) => mediaOf(heard).length > expected.length);
    expect(mediaOf(all).subarray(expected.length)).toEqual(within(3, report));
    // ffmpeg's own report, in two pieces, behind what has opened the way.
    const own = within(3, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]));
    const hasCome = new Promise<void>((resolve) => {
      reports.on('message', (bytes) => bytes[7] === 9 && resolve());
    });
    send(own.subarray(0, 5));
    send(own.subarray(5));
    await hasCome;
    expect(told[1]?.at(-1)).toEqual(own.subarray(4));
    expect(told[0]?.[0]).toHaveLength(12);
  });

  it.each([
    ['ends', (origin: Socket) => origin.end()],
    ['is broken off', (origin: Socket) => origin.resetAndDestroy()],
  ])(
    'as datagrams is heard to the last one, also by whoever is slow, when its connection %s',
    async (_how, end) => {
      // More than systems keep on the way, and less than the relay keeps.
      const count = 130;
      const large = (number: number): Buffer => Buffer.concat([packet(number), Buffer.alloc(60_000)]);
      const sender = createSocket('udp4');
      closers.push(async () => void sender.close());
      const server = Promise.withResolvers<Socket>();
      let to = 0;
      const { client, say, until } = await talkTo('udp', (head, socket) => {
        const asked = /^transport: (.*)$/im.exec(head)?.[1];
        to = Number(/client_port=(\d+)/.exec(asked ?? '')?.[1] ?? to);
        socket.write(message('RTSP/1.0 200 OK', ...(asked === undefined ? [] : [`Transport: ${asked}`])));
        if (head.startsWith('PLAY')) server.resolve(socket);
      });
      const send = (number: number): Promise<void> =>
        new Promise((resolve) => sender.send(large(number), to, '127.0.0.1', () => setImmediate(resolve)));
      say('SETUP rtsp://cam/1 RTSP/1.0', 'CSeq: 1', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
      await until((heard) => heard.length > 0);
      say('PLAY rtsp://cam RTSP/1.0', 'CSeq: 2');
      await until((heard) => heard.length > 1);
      client.pause();
      for (let number = 1; number <= count; number++) await send(number);
      const origin = await server.promise;
      // The relay ends its own side when it has heard of that.
      const isOver = once(origin, 'close');
      end(origin);
      await isOver;
      // Datagrams come behind the end, too.
      await send(count + 1);
      client.resume();
      await once(client, 'close');
      const heard = mediaOf(await until(() => true));
      expect(heard.length).toBeGreaterThanOrEqual(count * (4 + large(1).length));
    },
  );
});
