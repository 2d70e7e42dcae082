import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ContainerFormat,
  createReader,
  type Fragment,
  MediaError,
} from '../../../../functions/core/media/index.ts';
import { decodeErrors, probe } from '../../../support/counterStream.ts';
import { frameHashes, MediaFolder, packetHashes } from '../../../support/media.ts';
import { cutIntoParts, type PartInMemory, readFragments } from '../../../support/parts.ts';
import { describeWith } from '../../../support/tools.ts';

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=6'];
const SMALL_PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=32x32:rate=25:duration=6'];
const TONE = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=6'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '50'];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '50'];
const MATROSKA = ['-cluster_time_limit', '1000', '-cluster_size_limit', '5M'];

const CASES: readonly (readonly [string, ContainerFormat, readonly string[]])[] = [
  [
    'VP8 and Opus in WebM',
    'webm',
    [...PICTURE, ...TONE, ...VP8, '-c:a', 'libopus', '-f', 'webm', ...MATROSKA],
  ],
  ['Opus in WebM', 'webm', [...TONE, '-c:a', 'libopus', '-f', 'webm', ...MATROSKA]],
  [
    'H.264 and AAC in Matroska',
    'mkv',
    [...PICTURE, ...TONE, ...H264, '-c:a', 'aac', '-f', 'matroska', ...MATROSKA],
  ],
  [
    'Small H.264 in Matroska, with keyframes in the middle of clusters',
    'mkv',
    [
      ...SMALL_PICTURE,
      ...TONE,
      ...H264,
      '-g',
      '15',
      '-c:a',
      'aac',
      '-b:a',
      '16k',
      '-f',
      'matroska',
      ...MATROSKA,
    ],
  ],
  [
    'VP8 and PCM in Matroska',
    'mkv',
    [...PICTURE, ...TONE, ...VP8, '-c:a', 'pcm_s16le', '-f', 'matroska', ...MATROSKA],
  ],
  [
    'H.264 and AAC in MPEG-TS',
    'ts',
    [
      ...PICTURE,
      ...TONE,
      ...H264,
      '-c:a',
      'aac',
      '-f',
      'mpegts',
      '-muxdelay',
      '0',
      '-muxpreload',
      '0',
      '-pat_period',
      '1',
    ],
  ],
  [
    'AAC in MPEG-TS',
    'ts',
    [...TONE, '-c:a', 'aac', '-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0', '-pat_period', '1'],
  ],
];

function read(format: ContainerFormat, bytes: Buffer, sizes: readonly number[]): Fragment[] {
  return readFragments(createReader(format), bytes, sizes);
}

function cut(format: ContainerFormat, bytes: Buffer, everyMs: number): PartInMemory[] {
  const reader = createReader(format);
  return cutIntoParts(reader, readFragments(reader, bytes, [65_536]), everyMs);
}

describeWith(['ffmpeg'], 'WebM, Matroska and MPEG-TS', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  describe.each(CASES)('%s', (name, format, args) => {
    const id = name.replaceAll(/\W/g, '');
    const fileName = `${id}.${format}`;
    let source: Buffer;
    beforeAll(() => {
      // Through a pipe, as the recorder gets it: a file would be given an index at its end.
      source = folder.pipe(fileName, args);
    });

    it('becomes one file with the same frames, its duration and an index', async () => {
      const [part, ...others] = cut(format, source, Number.POSITIVE_INFINITY);
      expect(others).toEqual([]);
      const file = folder.write(`${id}-whole.${format}`, part?.finished() ?? Buffer.alloc(0));
      expect(await decodeErrors(file)).toBe('');
      const { streams, format: shown } = await probe(file);
      expect(Math.abs(Number(shown.duration) * 1000 - (part?.muxer.summary.durationMs ?? 0))).toBeLessThan(
        60,
      );
      for (const { codec_type } of streams) {
        const kind = codec_type === 'video' ? 'v' : 'a';
        expect(await frameHashes(file, kind)).toEqual(await frameHashes(folder.file(fileName), kind));
      }
    });

    it('plays before it is finished', async () => {
      const [part] = cut(format, source, Number.POSITIVE_INFINITY);
      const file = folder.write(`${id}-begun.${format}`, part?.begun ?? Buffer.alloc(0));
      expect(await decodeErrors(file)).toBe('');
    });

    it('is cut into parts that start at zero and lose or repeat no frame', async () => {
      const parts = cut(format, source, 1_500);
      expect(parts.length).toBeGreaterThan(1);
      const hashes: Record<'v' | 'a', string[]> = { v: [], a: [] };
      for (const [i, part] of parts.entries()) {
        const file = folder.write(`${id}-part${i}.${format}`, part.finished());
        const { streams } = await probe(file);
        // B-frames in a transport stream: what is decoded first, at zero, is shown later.
        expect(Math.min(...streams.map(({ start_time }) => Number(start_time)))).toBeLessThan(0.1);
        for (const { codec_type } of streams) {
          const kind = codec_type === 'video' ? 'v' : 'a';
          hashes[kind].push(...packetHashes(folder, file, kind));
        }
      }
      for (const kind of ['v', 'a'] as const) {
        if (hashes[kind].length > 0)
          expect(hashes[kind]).toEqual(packetHashes(folder, folder.file(fileName), kind));
      }
    });

    it('begins a fragment at each keyframe of the video', async () => {
      const { stdout } = await promisify(execFile)('ffprobe', [
        ...[
          '-v',
          'error',
          '-select_streams',
          'v',
          '-skip_frame',
          'nokey',
          '-show_entries',
          'frame=key_frame',
        ],
        ...['-of', 'csv=p=0', folder.file(fileName)],
      ]);
      const keyframes = stdout.split('\n').filter((line) => line.startsWith('1')).length;
      if (keyframes === 0) return;
      const fragments = read(format, source, [source.length]);
      expect(fragments.filter(({ keyframe }) => keyframe)).toHaveLength(keyframes);
    });

    it('gives the same fragments however the bytes are split', () => {
      const whole = read(format, source, [source.length]);
      expect(whole.length).toBeGreaterThan(3);
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 40 }),
          (sizes) => {
            const found = read(format, source, sizes);
            expect(found.map(({ startMs, keyframe }) => [startMs, keyframe])).toEqual(
              whole.map(({ startMs, keyframe }) => [startMs, keyframe]),
            );
            const bytes = (all: readonly Fragment[]): Buffer => Buffer.concat(all.map((one) => one.bytes));
            expect(bytes(found).equals(bytes(whole))).toBe(true);
          },
        ),
        { numRuns: 15 },
      );
    });

    it('refuses damaged bytes with a MediaError, and nothing else', () => {
      fc.assert(
        fc.property(
          fc.array(fc.record({ at: fc.nat(4_000), byte: fc.integer({ min: 0, max: 255 }) }), {
            minLength: 1,
            maxLength: 6,
          }),
          (damages) => {
            const bytes = Buffer.from(source);
            for (const { at, byte } of damages) bytes[at % bytes.length] = byte;
            try {
              cut(format, bytes, 1_500);
            } catch (error) {
              expect(error).toBeInstanceOf(MediaError);
            }
          },
        ),
        { numRuns: 200 },
      );
    });
  });
});
