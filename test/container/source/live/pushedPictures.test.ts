import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { kindOfStream } from '../../../../container/source/live/liveKind.ts';
import { listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { framesOf } from '../../../support/generated/shown.ts';
import { describeWith } from '../../../support/tools.ts';

const PICTURES = 12;
const EVERY_MS = 400;
/** Those that come before ffmpeg reads are shown as they are read: on a busy machine it begins late. */
const LASTED_MIN_MS = 0.4 * (PICTURES - 1) * EVERY_MS;
const LASTED_MAX_MS = 1.2 * (PICTURES - 1) * EVERY_MS;
const BOUNDARY = '--ffmpeg\r\n';

describeWith(['ffmpeg'], 'a camera that pushes pictures to browsers (MJPEG)', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();

  it('is recorded for as long as they come, at whatever rate', async () => {
    const pushed = folder.pipe('pushed.mjpeg', [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=160x96:rate=25', '-frames:v', String(PICTURES)],
      ...['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-f', 'mpjpeg'],
    ]);
    const parts = pushed.toString('latin1').split(BOUNDARY).slice(1);
    expect(parts.length).toBeGreaterThanOrEqual(PICTURES);
    const server = createServer(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=ffmpeg' });
      const beganAtMs = performance.now();
      for (const [i, part] of parts.entries()) {
        await delay(Math.max(0, beganAtMs + i * EVERY_MS - performance.now()));
        response.write(Buffer.from(BOUNDARY + part, 'latin1'));
      }
      response.end();
    });
    const url = await listenOnLoopback(server);
    closers.push(() => server.close());
    const { objects, reason } = await bench.record(`${url}/push`);
    expect(reason.code).toBe('source_ended');
    const final = objects.parts.get(1)?.final;
    const frames = await framesOf(folder.write('pushed.mkv', await bench.object(final?.key ?? '')));
    expect(frames).toHaveLength(PICTURES);
    const lastedMs = (frames.at(-1)?.ms ?? 0) - (frames[0]?.ms ?? 0);
    // As 25ths of a second it would be a tenth.
    expect(lastedMs).toBeGreaterThan(LASTED_MIN_MS);
    expect(lastedMs).toBeLessThan(LASTED_MAX_MS);
  });
});

describe('what a source sends', () => {
  it.each([
    '--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n',
    '\r\n--123\r\nX-Timestamp: 1.0\r\ncontent-type:image/jpg\r\n\r\n',
    '----x\nContent-length: 9\nContent-type: image/jpeg\n\n',
  ])('is known for pictures by the head of the first: %j', (head) => {
    expect(kindOfStream(Buffer.from(head), false)).toBe('pictures');
  });

  it.each(['--frame\r\nContent-Type: text/plain\r\n\r\nimage/jpeg', '<html>--x\nContent-Type: image/jpeg\n'])(
    'is something else otherwise: %j',
    (head) => {
      expect(kindOfStream(Buffer.from(head.padEnd(1_000)), false)).toBe('other');
    },
  );
});
