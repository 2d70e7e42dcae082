import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerFormat, Fragment } from '../../../../functions/core/media/types.ts';
import { decodeErrors, probe } from '../../../support/counterStream.ts';
import { decoded } from '../../../support/decoding.ts';
import { fragmentsOf, liveMedia, nutOf } from '../../../support/liveMedia.ts';
import { frameHashes, MediaFolder, packetHashes } from '../../../support/media.ts';
import { cutIntoParts, type PartInMemory } from '../../../support/parts.ts';
import { describeWith } from '../../../support/tools.ts';

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=6'];
const SMALL_PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=32x32:rate=25:duration=6'];
const TONE = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=6'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '50'];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '50'];
const AAC = ['-c:a', 'aac'];
const OPUS = ['-c:a', 'libopus'];
const MPEGTS = ['-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0'];

interface Case {
  readonly name: string;
  readonly format: ContainerFormat;
  readonly video?: string;
  readonly audio: string;
  readonly args: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'VP8 and Opus in WebM',
    format: 'webm',
    video: 'vp8',
    audio: 'opus',
    args: [...PICTURE, ...TONE, ...VP8, ...OPUS],
  },
  { name: 'Opus in WebM', format: 'webm', audio: 'opus', args: [...TONE, ...OPUS] },
  {
    name: 'H.264 and AAC in Matroska',
    format: 'mkv',
    video: 'h264',
    audio: 'aac',
    args: [...PICTURE, ...TONE, ...H264, ...AAC],
  },
  {
    name: 'Small H.264 in Matroska, with several keyframes a second',
    format: 'mkv',
    video: 'h264',
    audio: 'aac',
    args: [...SMALL_PICTURE, ...TONE, ...H264, '-g', '10', ...AAC, '-b:a', '16k'],
  },
  {
    name: 'VP8 and PCM in Matroska',
    format: 'mkv',
    video: 'vp8',
    audio: 'pcm_s16le',
    args: [...PICTURE, ...TONE, ...VP8, '-c:a', 'pcm_s16le'],
  },
  {
    name: 'H.264 and AAC in MPEG-TS',
    format: 'ts',
    video: 'h264',
    audio: 'aac',
    args: [...PICTURE, ...TONE, ...H264, ...AAC, ...MPEGTS],
  },
  { name: 'AAC in MPEG-TS', format: 'ts', audio: 'aac', args: [...TONE, ...AAC, ...MPEGTS] },
];

describeWith(['ffmpeg'], 'WebM, Matroska and MPEG-TS', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  describe.each(CASES)('$name', ({ name, format, video, audio, args }) => {
    const id = name.replaceAll(/\W/g, '');
    const source = folder.file(`${id}.${format}`);
    let nut: Buffer;
    beforeAll(() => {
      folder.make(`${id}.${format}`, args);
      nut = nutOf(source);
    });
    const found = [
      ...(video === undefined ? [] : [{ kind: 'video', codec: video } as const]),
      { kind: 'audio', codec: audio, sampleRateHz: 48_000 } as const,
    ];
    const cut = (everyMs: number): PartInMemory[] => {
      const media = liveMedia(found, format);
      return cutIntoParts(media, fragmentsOf(media, nut), everyMs);
    };

    it('becomes one file with the same frames, its duration and an index', async () => {
      const [part, ...others] = cut(Number.POSITIVE_INFINITY);
      expect(others).toEqual([]);
      const file = folder.write(`${id}-whole.${format}`, part?.finished() ?? Buffer.alloc(0));
      const { errors, durationMs, streams } = await decoded(file);
      expect(errors).toBe('');
      expect(Math.abs(durationMs - (part?.muxer.summary.durationMs ?? 0))).toBeLessThan(60);
      for (const stream of streams) {
        const kind = stream.kind === 'video' ? 'v' : 'a';
        const [shown, sent] = await Promise.all([frameHashes(file, kind), frameHashes(source, kind)]);
        // Opus says of its last packet how much of it is to be heard, and what is live has no last packet.
        const compared = audio === 'opus' && kind === 'a' ? sent.length - 1 : sent.length;
        expect(shown).toHaveLength(sent.length);
        expect(shown.slice(0, compared)).toEqual(sent.slice(0, compared));
      }
    });

    it('plays before it is finished', async () => {
      const [part] = cut(Number.POSITIVE_INFINITY);
      const file = folder.write(`${id}-begun.${format}`, part?.begun ?? Buffer.alloc(0));
      expect(await decodeErrors(file)).toBe('');
    });

    it('is cut into parts that start at zero and lose or repeat no frame', async () => {
      const parts = cut(1_500);
      expect(parts.length).toBeGreaterThan(1);
      const pictures: string[] = [];
      const sound: string[] = [];
      for (const [i, part] of parts.entries()) {
        const file = folder.write(`${id}-part${i}.${format}`, part.finished());
        const { streams } = await probe(file);
        // B-frames in a transport stream: what is decoded first, at zero, is shown later.
        expect(Math.min(...streams.map(({ start_time }) => Number(start_time)))).toBeLessThan(0.1);
        if (video !== undefined) pictures.push(...(await frameHashes(file, 'v')));
        // A decoder of sound needs what came before: the first frame of a later part differs, its packets do not.
        sound.push(...(await packetHashes(file, 'a')));
      }
      if (video !== undefined) expect(pictures).toEqual(await frameHashes(source, 'v'));
      expect(sound).toEqual(await packetHashes(source, 'a'));
    });

    it('begins a fragment at each keyframe of the video', async () => {
      const { stdout } = await promisify(execFile)('ffprobe', [
        ...['-v', 'error', '-select_streams', 'v', '-skip_frame', 'nokey'],
        ...['-show_entries', 'frame=key_frame', '-of', 'csv=p=0', source],
      ]);
      const keyframes = stdout.split('\n').filter((line) => line.startsWith('1')).length;
      if (keyframes === 0) return;
      const fragments: Fragment[] = fragmentsOf(liveMedia(found, format), nut);
      expect(fragments.filter(({ keyframe }) => keyframe)).toHaveLength(keyframes);
    });
  });
});
