import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameHashes } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 4;
const SOUND_FIRST_SECONDS = 2;

describeWith(['ffmpeg'], 'a source whose sound comes before its picture', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let source: HttpSource;

  beforeAll(async () => {
    const picture = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${SECONDS}`];
    const sound = `sine=sample_rate=44100:duration=${SOUND_FIRST_SECONDS + SECONDS}`;
    const stream = folder.pipe('source.flv', [
      ...['-itsoffset', String(SOUND_FIRST_SECONDS), ...picture, '-f', 'lavfi', '-i', sound],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac'],
      ...['-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
    // Slower than ffmpeg reads: fragments of sound alone are there before the first picture.
    source = await HttpSource.start(stream, { bytesPerSecond: stream.length / 3 });
  });
  afterAll(async () => {
    await source.close();
  });

  it.concurrent.each(['mp4', 'mkv', 'ts'] as const)('is one %s file, with all of both', async (format) => {
    const { reason, objects } = await bench.record(source.url, { formats: { h264: format } });
    expect(reason.code).toBe('source_ended');
    expect([...objects.parts.keys()]).toEqual([1]);
    const final = objects.parts.get(1)?.final;
    const file = folder.write(`record.${format}`, await bench.object(final?.key ?? ''));
    expect(await decodeErrors(file)).toBe('');
    expect(await frameHashes(file, 'v')).toEqual(await frameHashes(folder.file('source.flv'), 'v'));
    const seconds = Number((await probe(file)).format.duration);
    expect(Math.abs(seconds - SOUND_FIRST_SECONDS - SECONDS)).toBeLessThan(0.15);
  });
});
