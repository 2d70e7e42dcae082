import { afterAll, expect, it } from 'vitest';
import { decodeErrors, probe } from '../../support/counterStream.ts';
import { joinFlv } from '../../support/flv.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 4;

describeWith(['ffmpeg'], 'a source whose parameters change in the middle', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  const flv = (size: string): Buffer =>
    folder.pipe(`${size}.flv`, [
      ...[
        '-f',
        'lavfi',
        '-i',
        `testsrc2=size=${size}:rate=25`,
        '-f',
        'lavfi',
        '-i',
        'sine=sample_rate=44100',
      ],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-tune',
        'zerolatency',
        '-g',
        '25',
        '-pix_fmt',
        'yuv420p',
      ],
      ...['-c:a', 'aac', '-ac', '2', '-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);

  async function record(streams: readonly Buffer[]) {
    const bytes = joinFlv(streams);
    // The first connection gives all of it; the next ones what comes after the change, as a live stream would.
    const source = await HttpSource.start(bytes, {
      bytesPerSecond: bytes.length / (SECONDS * streams.length),
      cutAtBytes: [Number.POSITIVE_INFINITY],
      later: streams.at(-1) ?? bytes,
    });
    sources.push(source);
    const { objects, reason } = await bench.record(source.url, { reconnectWindowMs: 1_000 });
    expect(reason.code).toBe('source_ended');
    const found = [];
    for (const { final } of objects.parts.values()) {
      const file = folder.write(
        `${objects.job.recordingId}-${final?.part}.mp4`,
        await bench.object(final?.key ?? ''),
      );
      expect(await decodeErrors(file)).toBe('');
      const { streams: shown, format } = await probe(file);
      found.push({
        width: shown.find(({ codec_type }) => codec_type === 'video')?.width,
        seconds: Number(format.duration),
        gaps: final?.gaps?.length ?? 0,
      });
    }
    return found;
  }

  it.concurrent('gets a file for each resolution, and no broken one', async () => {
    const [first, second, ...others] = await record([flv('320x180'), flv('640x360')]);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ width: 320 });
    expect(first?.seconds).toBeGreaterThan(SECONDS - 0.3);
    expect(first?.seconds).toBeLessThan(SECONDS + 0.3);
    expect(second).toMatchObject({ width: 640 });
  }, 180_000);

  it.concurrent('stays one file when the same parameters are sent again', async () => {
    const same = flv('320x180');
    const parts = await record([same, same, same]);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toMatchObject({ width: 320 });
  }, 180_000);
});
