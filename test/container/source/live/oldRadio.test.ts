import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { probe } from '../../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 3;

describeWith(['ffmpeg'], 'an old radio server, which answers with "ICY 200 OK"', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();

  it('is recorded', async () => {
    const mp3 = folder.make('radio.mp3', [
      ...['-f', 'lavfi', '-i', 'sine=sample_rate=44100', '-t', String(SECONDS), '-c:a', 'libmp3lame'],
    ]);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('ICY 200 OK\r\nicy-name:radio\r\ncontent-type:audio/mpeg\r\n\r\n');
        socket.end(mp3);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { objects, reason } = await bench.record(url);
    expect(reason.code).toBe('source_ended');
    const final = objects.parts.get(1)?.final;
    const file = folder.write('radio.mp4', await bench.object(final?.key ?? ''));
    const { streams, format } = await probe(file);
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(['audio']);
    expect(Math.abs(Number(format.duration) - SECONDS)).toBeLessThan(0.2);
  }, 180_000);
});
