import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Handover } from '../../../../container/source/hls/handover.ts';
import { Sink, SinkClosedError } from '../../../../container/source/hls/sink.ts';
import { AUDIO, FLV_HEADER, writeFlv } from '../../../support/flvTags.ts';
import { RECORDER_FFMPEG } from '../../../support/recorderBench.ts';
import { describeWith } from '../../../support/tools.ts';

const FOUND = /^HTTP\/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n[0-9a-f]+\r\n/;
/** More than the kernel takes at once. */
const LARGE_BYTES = 8 * 1024 * 1024;

describe('what is handed to ffmpeg', () => {
  let handover: Handover;
  const opened: Socket[] = [];

  beforeEach(async () => {
    handover = await Handover.start();
  });

  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.destroy();
    await handover.close();
  });

  function open(url: string): Socket {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    opened.push(socket);
    return socket;
  }

  const request = (url: string): string => `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: here\r\n\r\n`;

  async function read(socket: Socket): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }

  it('comes whole and as it was written, behind the head of an answer, however much it is', async () => {
    const media = Buffer.alloc(LARGE_BYTES, 'bytes of a stream ');
    const url = handover.offer(async (reader) => {
      const sink = new Sink(reader);
      await sink.write(media.subarray(0, 10));
      await sink.write(media.subarray(10));
    });
    const socket = open(url);
    socket.write(request(url));
    const answer = await read(socket);
    const [head = ''] = FOUND.exec(answer.toString('latin1', 0, 1_000)) ?? [];
    expect(answer.subarray(head.length).equals(media)).toBe(true);
  });

  describeWith(['ffmpeg'], 'to ffmpeg', () => {
    it('has an end, and not a broken connection', async () => {
      // G.711, in frames of 20 ms.
      const body = Buffer.concat([Buffer.from([0x72]), Buffer.alloc(160, 'media')]);
      const tags = Array.from({ length: 100 }, (_, i) => ({ kind: AUDIO, atMs: i * 20, body }));
      const media = Buffer.concat([FLV_HEADER, writeFlv(tags)]);
      const url = handover.offer((reader) => new Sink(reader).write(media));
      const copied = ['-nostdin', '-f', 'flv', '-i', url, '-c', 'copy', '-f', 'nut', '-'];
      const { stdout, stderr } = await promisify(execFile)(RECORDER_FFMPEG, copied, { encoding: 'latin1' });
      expect(stdout.split(body.toString('latin1', 1))).toHaveLength(101);
      expect(stderr).not.toMatch(/prematurely|error/i);
    });
  });

  it('is given once, and only where it was offered', async () => {
    const url = handover.offer((reader) => new Sink(reader).write(Buffer.from('once')));
    const answers: string[] = [];
    for (const path of [url, url, `${url}x`]) {
      const socket = open(url);
      socket.write(request(path));
      answers.push((await read(socket)).toString('latin1'));
    }
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['200', '404', '404']);
  });

  it('takes a request that comes in pieces, and one that has no end for nobody', async () => {
    const url = handover.offer((reader) => new Sink(reader).write(Buffer.from('media')));
    const endless = open(url);
    endless.write(`GET /${'x'.repeat(20_000)}`);
    expect(await read(endless)).toHaveLength(0);
    const socket = open(url);
    const text = request(url);
    await once(socket, 'connect');
    socket.setNoDelay(true);
    socket.write(text.slice(0, -2));
    setImmediate(() => socket.write(text.slice(-2)));
    expect((await read(socket)).toString('latin1')).toMatch(/\r\n\r\n[0-9a-f]+\r\nmedia$/);
  });

  it('ends for whoever writes when the reader goes, also while that waits for it', async () => {
    const ended = Promise.withResolvers<unknown>();
    const url = handover.offer(async (reader) => {
      const sink = new Sink(reader);
      const gone = once(sink.gone, 'abort');
      await sink.write(Buffer.alloc(LARGE_BYTES)).catch(ended.resolve);
      await gone;
    });
    const socket = open(url);
    socket.write(request(url));
    await once(socket, 'readable');
    socket.destroy();
    expect(await ended.promise).toBeInstanceOf(SinkClosedError);
  });
});
