import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { describe, expect, it } from 'vitest';
import { SourceLostError } from '../../../../container/source/live/liveSource.ts';
import { receiveRtmp } from '../../../../container/source/live/rtmpSource.ts';
import { ForbiddenSourceError } from '../../../../functions/aws/dnsResolution.ts';
import { type AmfValue, amfObject, encodeAmf0 } from '../../../../functions/core/rtmp/amf0.ts';
import { CONTROL, KIND, uint32s, userControl } from '../../../../functions/core/rtmp/messages.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';
import { flvTags } from '../../../support/flvTags.ts';
import { closersForTests } from '../../../support/forTests.ts';
import { ManualTimers } from '../../../support/manualTimers.ts';
import {
  CONNECTED,
  CREATED,
  command,
  PlayerReader,
  refused,
  said,
  serverHello,
  status,
} from '../../../support/rtmpTalk.ts';

const IDLE_MS = 10_000;
const HUNG_UP = 'The server closed the connection';
const HELLO_BYTES = 1 + 1_536;
const SOUND = said(KIND.audio, Buffer.of(0xaf, 1, 2, 3));
const PING = userControl(CONTROL.pingRequest, uint32s(1));
type Answer = (socket: Socket, values: readonly AmfValue[]) => void;

describe('a source over RTMP', () => {
  const closers = closersForTests();

  /** A server that shakes hands, and then does what a test wants. */
  async function serve(answer: Answer, greets = true): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      const reader = new PlayerReader();
      let hello: Buffer | undefined = Buffer.alloc(0);
      socket.on('data', (bytes: Buffer) => {
        for (const values of reader.commands(bytes)) answer(socket, values);
        if (hello === undefined || !greets) return;
        hello = Buffer.concat([hello, bytes]);
        if (hello.length < HELLO_BYTES) return;
        socket.write(serverHello(hello.subarray(0, HELLO_BYTES)));
        hello = undefined;
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  /** A server that plays. @param then what it does once it was asked to */
  const playing =
    (then: (socket: Socket) => void): Answer =>
    (socket, [name]) => {
      if (name === 'connect') socket.write(CONNECTED);
      if (name === 'createStream') socket.write(CREATED);
      if (name === 'play') then(socket);
    };

  function receive(port: number, gone = new AbortController(), ending = new AbortController()) {
    const timers = new ManualTimers();
    const lines: string[] = [];
    const log = new Logger();
    log.warn = (...line) => {
      lines.push(JSON.stringify(line));
    };
    const source = parseSource(`rtmp://user:pa55word@127.0.0.1:${port}/live/stream-key`, 'url');
    const judge = async (url: string) => {
      const target = parseSource(url, 'url');
      if (target.host !== '127.0.0.1') throw new ForbiddenSourceError('is elsewhere');
      return { source: target, addresses: ['127.0.0.1'] as const };
    };
    const options = { source, addresses: ['127.0.0.1'] as const, judge, idleTimeoutMs: IDLE_MS, log, timers };
    const body = receiveRtmp(options, gone.signal, ending.signal);
    closers.push(() => {
      gone.abort();
      return body.return();
    });
    return { body, timers, lines };
  }

  it('whose server does not answer is lost in time', async () => {
    const asked = Promise.withResolvers<void>();
    const { body, timers } = receive(await serve(() => asked.resolve()));
    const next = body.next();
    await asked.promise;
    timers.advance(IDLE_MS - 1);
    expect(timers.pending).toBe(1);
    timers.advance(1);
    await expect(next).rejects.toMatchObject({ timedOut: true, complaint: 'Connection timed out' });
  });

  it('that says no word is lost in time, too', async () => {
    const { body, timers } = receive(await serve(() => undefined, false));
    const next = body.next();
    timers.advance(IDLE_MS);
    await expect(next).rejects.toMatchObject({ timedOut: true });
  });

  it('that is not published yet is waited for, and then must go on', async () => {
    const asked = Promise.withResolvers<Socket>();
    const { body, timers } = receive(await serve(playing((socket) => asked.resolve(socket))));
    const next = body.next();
    const socket = await asked.promise;
    timers.advance(100 * IDLE_MS);
    socket.write(SOUND);
    expect(flvTags((await next).value as Buffer)).toHaveLength(1);
    const lost = body.next();
    timers.advance(IDLE_MS - 1);
    const pinged = once(socket, 'data');
    socket.write(PING);
    await pinged;
    timers.advance(1);
    await expect(lost).rejects.toMatchObject({ timedOut: true });
  });

  it('ends where its server hangs up, and is lost where nothing had come', async () => {
    const port = await serve(playing((socket) => socket.end(Buffer.concat([SOUND, SOUND]))));
    const { body } = receive(port);
    const { value } = await body.next();
    expect(flvTags(value as Buffer)).toHaveLength(2);
    await expect(body.next()).resolves.toEqual({ done: true, value: undefined });
    const empty = receive(await serve(playing((socket) => socket.end())));
    await expect(empty.body.next()).rejects.toThrow(new SourceLostError([HUNG_UP], HUNG_UP));
  });

  it('that is cut off gives what had come and was not read yet', async () => {
    const asked = Promise.withResolvers<Socket>();
    const port = await serve(playing((socket) => asked.resolve(socket)));
    const { body } = receive(port);
    const first = body.next();
    const socket = await asked.promise;
    // Else its kernel keeps what is small until what went before is acknowledged, and a reset takes it along.
    socket.setNoDelay(true);
    socket.write(SOUND);
    expect(flvTags((await first).value as Buffer)).toHaveLength(1);
    // Nobody reads now: it waits in the kernel, as what comes between two reads does.
    await new Promise<void>((sent) =>
      socket.write(Buffer.concat(new Array(1_000).fill(SOUND)), () => sent()),
    );
    socket.resetAndDestroy();
    await once(socket, 'close');
    const { value } = await body.next();
    expect(value?.length).toBe(1_000 * (11 + 4 + 4));
    await expect(body.next()).rejects.toThrow(SourceLostError);
  });

  it('that is refused says why, without its secrets', async () => {
    const description = 'stream-key of user pa55word';
    const port = await serve(
      playing((socket) => socket.write(status('NetStream.Play.StreamNotFound', 'error', { description }))),
    );
    const { body, lines } = receive(port);
    const complaint = 'Server error: NetStream.Play.StreamNotFound: *** of *** ***';
    await expect(body.next()).rejects.toMatchObject({ complaints: [complaint], timedOut: false });
    expect(lines.join()).toContain('StreamNotFound');
    expect(lines.join()).not.toMatch(/stream-key|pa55word/);
  });

  /** A server that sends whoever connects somewhere else. */
  const sending = (redirect: string): Promise<number> =>
    serve((socket) => {
      const info = amfObject({ level: 'error', ex: amfObject({ code: 302, redirect }) });
      socket.write(command('_error', 1, null, info));
    });

  it('that redirects is followed to the stream of the same name, without its password', async () => {
    const asked: unknown[] = [];
    const port = await serve((socket, values) => {
      if (values[0] === 'connect') asked.push((values[2] as ReadonlyMap<string, AmfValue>).get('tcUrl'));
      if (values[0] === 'play') asked.push(values[3]);
      playing((one) => one.write(SOUND))(socket, values);
    });
    const { body } = receive(await sending(`rtmp://127.0.0.1:${port}/other`));
    expect(flvTags((await body.next()).value as Buffer)).toHaveLength(1);
    expect(asked).toEqual([`rtmp://127.0.0.1:${port}/other`, 'stream-key']);
    const wantsPassword = await serve((socket) =>
      socket.write(refused(1, 'code=403 need auth; authmod=adobe')),
    );
    const other = receive(await sending(`rtmp://127.0.0.1:${wantsPassword}/live`));
    await expect(other.body.next()).rejects.toThrow(/authentication failed: the URL has no/);
  });

  it('that redirects to where nobody may go, to no RTMP or in a circle is left', async () => {
    for (const place of ['rtmp://127.0.0.2/live', 'http://127.0.0.1/live']) {
      await expect(receive(await sending(place)).body.next()).rejects.toThrow(ForbiddenSourceError);
    }
    const connects: Socket[] = [];
    const port: number = await serve((socket) => {
      connects.push(socket);
      const ex = amfObject({ redirect: `rtmp://127.0.0.1:${port}/live` });
      socket.write(command('_error', 1, null, amfObject({ level: 'error', ex })));
    });
    await expect(receive(port).body.next()).rejects.toThrow('Too many redirects');
    expect(connects).toHaveLength(6);
  });

  it('that redirects when it has played has ended: whoever joins it again is sent there', async () => {
    const ex = amfObject({ code: 302, redirect: 'rtmp://127.0.0.1:1/live' });
    const moved = status('NetConnection.Connect.Rejected', 'error', { ex });
    const asked = Promise.withResolvers<Socket>();
    const { body } = receive(await serve(playing((socket) => asked.resolve(socket))));
    const first = body.next();
    const socket = await asked.promise;
    socket.write(SOUND);
    expect(flvTags((await first).value as Buffer)).toHaveLength(1);
    socket.write(moved);
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });

  it('that asks for a password is asked again, with it', async () => {
    const apps: unknown[] = [];
    const port = await serve((socket, values) => {
      const [name, , properties] = values;
      if (name === 'connect') {
        const app = (properties as ReadonlyMap<string, AmfValue>).get('app');
        apps.push(app);
        if (apps.length === 1) socket.write(refused(1, 'code=403 need auth; authmod=adobe'));
        else if (apps.length === 2)
          socket.write(refused(1, 'authmod=adobe ?reason=needauth&salt=s&challenge=c'));
        else socket.write(CONNECTED);
      } else playing((one) => one.write(SOUND))(socket, values);
    });
    const { body } = receive(port);
    expect(flvTags((await body.next()).value as Buffer)).toHaveLength(1);
    expect(apps).toEqual([
      'live',
      'live?authmod=adobe&user=user',
      expect.stringMatching(/^live\?authmod=adobe&user=user&challenge=[0-9a-f]{8}&response=.{24}$/),
    ]);
  });

  it('is left at once by whoever is told to go', async () => {
    const closed = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const port = await serve(
      playing((socket) => {
        socket.on('close', () => closed.resolve());
        asked.resolve();
      }),
    );
    const gone = new AbortController();
    const { body, timers } = receive(port, gone);
    const next = body.next();
    await asked.promise;
    gone.abort(new Error('told to go'));
    await expect(next).rejects.toThrow('told to go');
    await closed.promise;
    expect(timers.pending).toBe(0);
  });

  it('that asks without an end, and takes no answers, is left', async () => {
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => PING));
    const closed = Promise.withResolvers<void>();
    const port = await serve(
      playing((socket) => {
        socket.pause();
        const ask = (): void => void (socket.write(pings) ? setTimeout(ask) : socket.once('drain', ask));
        socket.on('close', () => closed.resolve());
        ask();
      }),
    );
    await expect(receive(port).body.next()).rejects.toMatchObject({ complaint: 'Input/output error' });
    await closed.promise;
  });

  it('that sends all it has is read no further than it is asked for', async () => {
    const picture = said(KIND.video, Buffer.alloc(1_000_000, encodeAmf0(['picture'])));
    const port = await serve(
      playing((socket) => {
        for (let i = 0; i < 32; i++) socket.write(picture);
        socket.end();
      }),
    );
    const { body } = receive(port);
    let bytes = 0;
    for await (const chunk of body) {
      expect(chunk.length).toBeLessThan(1_500_000);
      bytes += chunk.length;
      // Whoever read on meanwhile would have much more by then.
      for (let turn = 0; turn < 50; turn++) await setImmediate();
    }
    expect(bytes).toBe(13 + 32 * (11 + 1_000_000 + 4));
  });
});
