import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { closeServer, listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { waitFor } from '../../../support/children.ts';
import { probe, publishCounter } from '../../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import { describeWith } from '../../../support/tools.ts';

/** Of a start that is as young all the while, however long the machine takes. */
const JUST_NOW = { requestedAtMs: Date.now() + 24 * 3_600_000 };

describeWith(['ffmpeg', 'nginxRtmp'], 'a stream that is asked for as its server tells of it', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();

  /** @returns its URL, and how often it has been asked for something that it does not have */
  async function serve(file: string, misses: number): Promise<{ url: string; missed: () => number }> {
    const media = folder.make(`${misses}-${file}`, [
      ...['-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-t', '3', '-c:a', 'libmp3lame'],
    ]);
    let missed = 0;
    const server = createServer((_request, response) => {
      if (missed === misses) return void response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(media);
      missed += 1;
      response.writeHead(404).end();
    });
    closers.push(() => closeServer(server));
    return { url: `${await listenOnLoopback(server)}/${file}`, missed: () => missed };
  }

  it('is asked for again where its server does not know it yet', async () => {
    const { url, missed } = await serve('radio.mp3', 2);
    const recordingId = await bench.createJob(url, {}, JUST_NOW);
    const reason = await bench.run(recordingId).reason;
    expect(reason.code).toBe('source_ended');
    expect(missed()).toBe(2);
    const { parts } = await bench.objects(recordingId);
    const file = folder.write('radio.mp4', await bench.object(parts.get(1)?.final?.key ?? ''));
    expect(Math.abs(Number((await probe(file)).format.duration) - 3)).toBeLessThan(0.2);
  });

  it('is not asked for again later: who asks for what is not there hears of it at once', async () => {
    const { url, missed } = await serve('none.mp3', 2);
    const { reason } = await bench.record(url);
    expect(reason.code).toBe('source_not_found');
    expect(missed()).toBe(1);
  });

  it('RTMP: is recorded, though its publisher was not accepted yet', async () => {
    const nginx = await NginxRtmp.start();
    closers.push(() => nginx.stop());
    const recordingId = await bench.createJob(`${nginx.url}/later`, {}, JUST_NOW);
    const attempt = bench.run(recordingId);
    // The recorder is there by now, and has been refused.
    await waitFor('the claim', async () => (await bench.objects(recordingId)).attempts.get(1)?.claim);
    const publisher = publishCounter(`${nginx.url}/later`);
    closers.push(() => publisher.stop());
    await waitFor('a part', async () => (await bench.objects(recordingId)).parts.get(1));
    await publisher.stop();
    expect((await attempt.reason).code).toBe('source_ended');
  });
});
