import { afterAll, describe, expect, it } from 'vitest';
import type { ContainerFormat } from '../../../functions/core/media/types.ts';
import { decoded } from '../../support/decoding.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameHashes, frameWidths, packetHashes } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';
import { joinTs } from '../../support/ts.ts';

const SECONDS = 3;
const SMALL = '320x180';
const LARGE = '640x352';

const ENCODERS = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-pix_fmt', 'yuv420p'],
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-bf', '0', '-x265-params', 'log-level=error'],
} as const;
type Codec = keyof typeof ENCODERS;

/** One number for each frame of two runs. */
const halves = (first: number, second: number): number[] =>
  [first, second].flatMap((width) => Array.from({ length: SECONDS * 25 }, () => width));

describeWith(['ffmpeg'], 'a source whose parameters change within its samples', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  const encoded = new Map<string, Buffer>();
  const nameOf = (codec: Codec, size: string | undefined, place: number): string =>
    `${codec}-${size}-${place}.ts`;

  /** One encoder's run, for its place in the stream. */
  function encode(codec: Codec, size: string, place: number): Buffer {
    const name = nameOf(codec, size, place);
    const bytes = encoded.get(name) ?? folder.make(name, encoding(codec, size, place));
    encoded.set(name, bytes);
    return bytes;
  }

  const encoding = (codec: Codec, size: string, place: number): string[] => [
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`],
    ...['-f', 'lavfi', '-i', 'sine=sample_rate=44100'],
    ...[...ENCODERS[codec], '-g', '25', '-c:a', 'aac', '-ac', '2', '-t', String(SECONDS)],
    ...['-muxdelay', '0', '-muxpreload', '0', '-output_ts_offset', String(place * (SECONDS + 0.1))],
    ...['-f', 'mpegts'],
  ];

  async function record(codec: Codec, format: ContainerFormat, sizes: readonly string[]) {
    const bytes = joinTs(sizes.map((size, place) => encode(codec, size, place)));
    const source = await HttpSource.start(bytes);
    sources.push(source);
    const { objects, reason } = await bench.record(source.url, { formats: { [codec]: format } });
    expect(reason.code).toBe('source_ended');
    const parts = [...objects.parts.values()].map(({ open, final }) => ({ open, final }));
    return Promise.all(
      parts.map(async ({ open, final }) => {
        const name = `${objects.job.recordingId}-${final?.part}.${format}`;
        const file = folder.write(name, await bench.object(final?.key ?? ''));
        const { errors, streams, durationMs } = await decoded(file);
        return { open, final, file, errors, streams, seconds: durationMs / 1_000 };
      }),
    );
  }

  describe.each(['h264', 'hevc'] as const)('%s', (codec) => {
    it.concurrent.each(['mp4', 'mkv'] as const)(
      'gets a part for each resolution in %s, and loses no frame',
      async (format) => {
        const sizes = [SMALL, LARGE, SMALL];
        const parts = await record(codec, format, sizes);
        expect(parts).toHaveLength(sizes.length);
        let audioPackets = 0;
        let sentAudioPackets = 0;
        for (const [place, { open, final, file, errors, streams, seconds }] of parts.entries()) {
          const [width, height] = (sizes[place] ?? '').split('x').map(Number);
          expect(errors).toBe('');
          expect(streams.find(({ kind }) => kind === 'video')).toMatchObject({ width, height });
          for (const tracks of [open?.tracks, final?.tracks]) {
            expect(tracks?.find(({ kind }) => kind === 'video')).toMatchObject({ width, height });
          }
          const sent = folder.file(nameOf(codec, sizes[place], place));
          expect(await frameHashes(file, 'v')).toEqual(await frameHashes(sent, 'v'));
          expect(Math.abs(seconds - SECONDS)).toBeLessThan(0.2);
          expect(Math.abs(seconds * 1000 - (final?.durationMs ?? 0))).toBeLessThan(10);
          expect(final?.gaps).toBeUndefined();
          audioPackets += (await packetHashes(file, 'a')).length;
          sentAudioPackets += (await packetHashes(sent, 'a')).length;
        }
        // For Matroska this AAC is encoded anew, which may add a frame at the end.
        expect(audioPackets - sentAudioPackets).toBeGreaterThanOrEqual(0);
        expect(audioPackets - sentAudioPackets).toBeLessThanOrEqual(format === 'mkv' ? 2 : 0);
      },
      180_000,
    );

    it.concurrent('stays one transport stream, in which all frames decode', async () => {
      const parts = await record(codec, 'ts', [SMALL, LARGE]);
      expect(parts).toHaveLength(1);
      expect(parts[0]?.errors).toBe('');
      const widths = await frameWidths(parts[0]?.file ?? '');
      expect(widths).toEqual(halves(320, 640));
    }, 180_000);

    it.concurrent('stays one file while the same parameters are repeated', async () => {
      const parts = await record(codec, 'mp4', [SMALL, SMALL]);
      expect(parts).toHaveLength(1);
    }, 180_000);
  });
});
