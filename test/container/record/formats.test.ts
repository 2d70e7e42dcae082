import { afterAll, beforeAll, expect, it } from 'vitest';
import { controlKey } from '../../../functions/core/state/keys.ts';
import { waitFor } from '../../support/children.ts';
import { counterStreamArgs, probe, readCounters, readRecord } from '../../support/counterStream.ts';
import { decoded } from '../../support/decoding.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 4;
/** Long enough for a command, which the recorder asks for every 2 s. */
const LONG_SECONDS = 8;
const FPS = 25;
const PICTURE = counterStreamArgs({ fps: FPS, audio: false }).filter((arg) => arg !== '-re');
const INPUT = PICTURE.slice(0, PICTURE.indexOf('-c:v'));
const H264 = PICTURE.slice(PICTURE.indexOf('-c:v'));
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-g', '25'];
const tone = (rate: number): string[] => ['-f', 'lavfi', '-i', `sine=sample_rate=${rate}`];
const asFlv = (seconds: number): string[] => [
  ...['-t', String(seconds), '-flvflags', 'no_duration_filesize', '-f', 'flv'],
];
const FLV = asFlv(SECONDS);
const MATROSKA = ['-t', String(SECONDS), '-live', '1', '-f', 'matroska'];

describeWith(['ffmpeg'], 'sources of other codecs', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  /** Pictures are encoded once for all that have them. */
  const made = (codec: 'vp8' | 'h264'): string[] => ['-i', folder.file(`${codec}.mkv`)];
  const COPY = ['-c:v', 'copy'];
  beforeAll(() => {
    for (const [codec, args] of Object.entries({ vp8: VP8, h264: H264 }))
      folder.make(`${codec}.mkv`, [...INPUT, ...args, '-t', String(SECONDS)]);
  });

  async function serve(name: string, args: readonly string[]): Promise<string> {
    const source = await HttpSource.start(folder.pipe(name, args));
    sources.push(source);
    return source.url;
  }

  it.each([
    [
      'VP8 and Opus',
      [...made('vp8'), ...tone(48_000), ...COPY, '-c:a', 'libopus', ...MATROSKA],
      {},
      'webm',
      ['vp8', 'opus'],
      48_000,
    ],
    [
      'VP8 and Vorbis at another rate',
      [...made('vp8'), ...tone(22_050), ...COPY, '-c:a', 'libvorbis', ...MATROSKA],
      {},
      'webm',
      ['vp8', 'opus'],
      48_000,
    ],
    [
      'VP8 to Matroska when asked',
      [...made('vp8'), ...COPY, ...MATROSKA],
      { formats: { vp8: 'mkv' } },
      'mkv',
      ['vp8'],
      undefined,
    ],
    [
      'H.264 and Opus',
      [...made('h264'), ...tone(48_000), ...COPY, '-c:a', 'libopus', ...MATROSKA],
      {},
      'mp4',
      ['h264', 'aac'],
      44_100,
    ],
    [
      'H.264 and AAC at 48,000 Hz',
      [...made('h264'), ...tone(48_000), ...COPY, '-c:a', 'aac', ...FLV],
      {},
      'mp4',
      ['h264', 'aac'],
      44_100,
    ],
    [
      'H.264 and AAC at the rate asked for',
      [...made('h264'), ...tone(48_000), ...COPY, '-c:a', 'aac', ...FLV],
      { audioSampleRateHz: 48_000 },
      'mp4',
      ['h264', 'aac'],
      48_000,
    ],
    [
      'H.264 to MPEG-TS',
      [...made('h264'), ...tone(44_100), ...COPY, '-c:a', 'aac', ...FLV],
      { formats: { h264: 'ts' } },
      'ts',
      ['h264', 'aac'],
      44_100,
    ],
    ['G.711 alone', [...tone(8_000), '-c:a', 'pcm_alaw', ...MATROSKA], {}, 'mp4', ['aac'], 44_100],
    ['Opus alone', [...tone(48_000), '-c:a', 'libopus', ...MATROSKA], {}, 'mp4', ['aac'], 44_100],
  ] as const)(
    '%s',
    async (name, args, settings, format, codecs, rateHz) => {
      const url = await serve(`${name.replaceAll(/\W/g, '')}.bin`, args);
      const { reason, objects } = await bench.record(url, settings);
      expect(reason.code).toBe('source_ended');
      const { open, final } = objects.parts.get(1) ?? {};
      expect(open?.format).toBe(format);
      expect(open?.fileName.endsWith(`.${format}`)).toBe(true);
      expect(open?.tracks.map(({ codec }) => codec).sort()).toEqual([...codecs].sort());
      const file = folder.write(`${objects.job.recordingId}.${format}`, await bench.object(final?.key ?? ''));
      const read = codecs[0] === 'h264' ? await readRecord(file) : await decoded(file);
      expect(read.errors).toBe('');
      const { streams, format: shown } = await probe(file);
      expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual([...codecs].sort());
      const audio = streams.find(({ codec_type }) => codec_type === 'audio');
      expect(audio?.sample_rate === undefined ? undefined : Number(audio.sample_rate)).toBe(rateHz);
      expect(Math.abs(Number(shown.duration) - SECONDS)).toBeLessThan(0.3);
      if ('counters' in read)
        expect(read.counters).toEqual(Array.from({ length: SECONDS * FPS }, (_, i) => i));
    },
    180_000,
  );

  it('ends when it is as long as it may be', async () => {
    const url = await serve('long.flv', [...made('h264'), ...tone(44_100), ...COPY, '-c:a', 'aac', ...FLV]);
    const { reason, objects } = await bench.record(url, { maxDurationMs: 3_000 });
    expect(reason).toEqual({ code: 'stopped', message: 'The recording is as long as maxDurationMs allows.' });
    const durationMs = objects.parts.get(1)?.final?.durationMs ?? 0;
    expect(durationMs).toBeGreaterThanOrEqual(3_000);
    expect(objects.outcome?.status).toBe('finished');
  }, 180_000);

  it('begins a new part when it is told to', async () => {
    const encoded = [...INPUT, ...tone(44_100), ...H264, '-c:a', 'aac', ...asFlv(LONG_SECONDS)];
    const bytes = folder.pipe('rotate.flv', encoded);
    const source = await HttpSource.start(bytes, { bytesPerSecond: bytes.length / LONG_SECONDS });
    sources.push(source);
    const recordingId = await bench.createJob(source.url);
    const attempt = bench.run(recordingId);
    await waitFor('the first part', async () => (await bench.objects(recordingId)).parts.get(1)?.open);
    await bench.store.create(controlKey(recordingId), {
      commands: [{ sequence: 1, kind: 'rotate', requestedAtMs: Date.now() }],
    });
    expect((await attempt.reason).code).toBe('source_ended');
    const { parts } = await bench.objects(recordingId);
    expect([...parts.keys()]).toEqual([1, 2]);
    const counters: number[] = [];
    for (const [part, { final }] of parts) {
      counters.push(
        ...(await readCounters(folder.write(`rotated-${part}.mp4`, await bench.object(final?.key ?? '')))),
      );
    }
    expect(counters).toEqual(Array.from({ length: LONG_SECONDS * FPS }, (_, i) => i));
  }, 180_000);
});
