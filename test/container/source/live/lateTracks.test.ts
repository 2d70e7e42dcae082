import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeErrors, probe } from '../../../support/counterStream.ts';
import { FLV_HEADER, flvTags, writeFlv } from '../../../support/flvTags.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { HttpSource } from '../../../support/httpSource.ts';
import { frameHashes } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 4;
const SOUND_ALONE_SECONDS = 8;
const VIDEO = 9;

describeWith(['ffmpeg'], 'a picture that begins long after the sound', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let source: HttpSource;

  beforeAll(async () => {
    const seconds = SOUND_ALONE_SECONDS + SECONDS;
    const both = flvTags(
      folder.pipe('both.flv', [
        ...['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${seconds}`],
        ...['-f', 'lavfi', '-i', `sine=sample_rate=44100:duration=${seconds}`],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '0'],
        ...['-c:a', 'aac', '-flvflags', 'no_duration_filesize', '-f', 'flv'],
      ]),
    );
    const late = both.filter(({ kind, atMs }) => kind !== VIDEO || atMs >= SOUND_ALONE_SECONDS * 1_000);
    const stream = Buffer.concat([FLV_HEADER, writeFlv(late)]);
    source = await HttpSource.start(stream, {
      bytesPerSecond: stream.length / 6,
      cutAtBytes: [Number.POSITIVE_INFINITY],
      // A live source goes on with both.
      later: readFileSync(folder.file('both.flv')),
    });
  });
  afterAll(() => source.close());

  it('is recorded: the source is joined again, for both', async () => {
    const { reason, objects } = await bench.record(source.url, { reconnectWindowMs: 2_000 });
    expect(reason.code).toBe('source_ended');
    const [, last] = [...objects.parts.values()].map(({ final }) => final);
    const file = folder.write('last.mp4', await bench.object(last?.key ?? ''));
    expect(await decodeErrors(file)).toBe('');
    expect((await probe(file)).streams.map(({ codec_type }) => codec_type).sort()).toEqual([
      'audio',
      'video',
    ]);
    expect((await frameHashes(file, 'v')).length).toBeGreaterThan(SECONDS * 25);
  }, 60_000);
});
