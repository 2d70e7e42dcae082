import { afterAll, expect, it } from 'vitest';
import { decoded } from '../../support/decoding.ts';
import { ENHANCED_CODECS, enhancedFlv } from '../../support/enhancedFlv.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameHashes } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 2;
/** H.263 has few sizes; this is one. */
const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=176x144:rate=25'];
const tone = (rateHz: number): string[] => ['-f', 'lavfi', '-i', `sine=sample_rate=${rateHz}`];

const VIDEO = {
  av1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8'],
  flv1: ['-c:v', 'flv'],
  h263: ['-c:v', 'h263'],
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-pix_fmt', 'yuv420p'],
  mjpeg: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
  mpeg1video: ['-c:v', 'mpeg1video', '-bf', '2'],
  mpeg2video: ['-c:v', 'mpeg2video', '-bf', '2'],
  mpeg4: ['-c:v', 'mpeg4'],
  theora: ['-c:v', 'libtheora'],
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
} as const;
type VideoCodec = keyof typeof VIDEO;

/** Encoders that do not have the codec's name, and the rates that a codec knows if 44,100 Hz is none. */
const AUDIO: Readonly<Record<string, readonly [encoder: readonly string[], rateHz: number]>> = {
  // 5.1, with channels at the side.
  ac3: [['ac3', '-ac', '6'], 48_000],
  adpcm_g722: [['g722'], 16_000],
  adpcm_swf: [['adpcm_swf'], 44_100],
  dts: [['dca', '-strict', '-2'], 48_000],
  g723_1: [['g723_1', '-b:a', '6300'], 8_000],
  mp3: [['libmp3lame'], 44_100],
  nellymoser: [['nellymoser'], 22_050],
  opus: [['libopus'], 48_000],
  pcm_alaw: [['pcm_alaw'], 8_000],
  pcm_mulaw: [['pcm_mulaw'], 8_000],
  s302m: [['s302m', '-strict', '-2', '-ac', '2'], 48_000],
  speex: [['libspeex'], 16_000],
  vorbis: [['libvorbis'], 44_100],
};

/** What live sources send: the source's container, what is in it, and what is recorded. */
const SOURCES: readonly (readonly [
  container: string,
  codecs: readonly [video: VideoCodec | undefined, audio: string | undefined],
  format: string,
  recordedAudio: string | undefined,
])[] = [
  ['mpegts', ['mpeg2video', 'mp2'], 'mkv', 'aac'],
  ['mpegts', ['mpeg1video', 'mp3'], 'mkv', 'mp3'],
  ['mpegts', ['mpeg4', 'aac'], 'mkv', 'aac'],
  ['mpegts', ['h264', 'ac3'], 'mp4', 'aac'],
  ['mpegts', ['h264', 'eac3'], 'mp4', 'aac'],
  ['mpegts', ['h264', 'dts'], 'mp4', 'aac'],
  ['mpegts', ['h264', 's302m'], 'mp4', 'aac'],
  ['mpegts', ['hevc', 'opus'], 'mp4', 'aac'],
  ['mpegts -mpegts_flags latm', ['h264', 'aac'], 'mp4', 'aac'],
  ['flv', ['flv1', 'mp3'], 'mkv', 'mp3'],
  ['flv', ['h264', 'speex'], 'mp4', 'aac'],
  ['flv', ['h264', 'nellymoser'], 'mp4', 'aac'],
  ['flv', ['h264', 'pcm_alaw'], 'mp4', 'aac'],
  ['flv', ['h264', 'pcm_mulaw'], 'mp4', 'aac'],
  ['flv', ['h264', 'adpcm_swf'], 'mp4', 'aac'],
  ['matroska', ['mjpeg', 'flac'], 'mkv', 'flac'],
  ['matroska', ['theora', 'pcm_s24le'], 'mkv', 'pcm_s24le'],
  ['matroska', ['h263', 'pcm_f32le'], 'mkv', 'pcm_f32le'],
  ['matroska', ['h264', 'adpcm_g722'], 'mp4', 'aac'],
  ['matroska', ['h264', 'g723_1'], 'mp4', 'aac'],
  ['matroska', ['h264', 'alac'], 'mp4', 'aac'],
  ['matroska', ['vp8', 'ac3'], 'webm', 'opus'],
  ['webm', ['vp9', 'opus'], 'webm', 'opus'],
  ['matroska', ['av1', 'opus'], 'mp4', 'aac'],
  ['ogg', ['theora', 'vorbis'], 'mkv', 'vorbis'],
  ['ogg', [undefined, 'speex'], 'mp4', 'aac'],
  ['ogg', [undefined, 'flac'], 'mp4', 'aac'],
  ['mp3', [undefined, 'mp3'], 'mp4', 'aac'],
  ['adts', [undefined, 'aac'], 'mp4', 'aac'],
  ['latm', [undefined, 'aac'], 'mp4', 'aac'],
  ['mpjpeg', ['mjpeg', undefined], 'mkv', undefined],
];

describeWith(['ffmpeg'], 'what sources send', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  /** H.264 is in many; an encoder of AV1 cannot write to a pipe: its parameters come too late. */
  const isMadeBefore = (video: VideoCodec): boolean => ['av1', 'h264'].includes(video);
  const picture = (video: VideoCodec): readonly string[] => {
    if (!isMadeBefore(video)) return PICTURE;
    folder.make(`${video}.mkv`, [...PICTURE, ...VIDEO[video], '-g', '25', '-t', String(SECONDS)]);
    return ['-i', folder.file(`${video}.mkv`)];
  };
  const encoding = (video: VideoCodec): readonly string[] =>
    isMadeBefore(video) ? ['-c:v', 'copy'] : [...VIDEO[video], '-g', '25'];

  async function record(bytes: Buffer) {
    const source = await HttpSource.start(bytes);
    sources.push(source);
    const { objects, reason } = await bench.record(source.url);
    expect(reason.code).toBe('source_ended');
    expect([...objects.parts.keys()]).toEqual([1]);
    const { open, final } = objects.parts.get(1) ?? {};
    const name = `${objects.job.recordingId}.${open?.format}`;
    const file = folder.write(name, await bench.object(final?.key ?? ''));
    const { errors, durationMs, streams } = await decoded(file);
    expect(errors).toBe('');
    const codec = (type: string) => streams.find(({ kind }) => kind === type)?.codec;
    return { format: open?.format, video: codec('video'), audio: codec('audio'), file, durationMs };
  }

  it.each(SOURCES)(
    '%s with %j becomes %s',
    async (container, [video, audio], format, recordedAudio) => {
      const [encoder, rateHz] = AUDIO[audio ?? ''] ?? [[audio ?? ''], 44_100];
      const name = [container, video, audio].join('-').replaceAll(' ', '');
      const bytes = folder.pipe(name, [
        ...(video === undefined ? [] : picture(video)),
        ...(audio === undefined ? [] : tone(rateHz)),
        ...(video === undefined ? [] : encoding(video)),
        ...(audio === undefined ? [] : ['-c:a', ...encoder]),
        ...['-t', String(SECONDS), '-f', ...container.split(' ')],
      ]);
      const { file, durationMs, ...recorded } = await record(bytes);
      // Pictures that say no times take as long as they come, which is no time here.
      if (container !== 'mpjpeg') expect(Math.abs(durationMs - SECONDS * 1_000)).toBeLessThan(300);
      expect(recorded).toEqual({ format, video, audio: recordedAudio });
      if (video !== undefined)
        expect(await frameHashes(file, 'v')).toEqual(await frameHashes(folder.file(name), 'v'));
    },
    180_000,
  );

  // VP9 is read by ffmpeg. Debian 12's does not know it yet; the one in the image does (npm run test:image).
  const isKnown = (codec: string): boolean => codec !== 'vp9' || process.env.RECORDER_FFMPEG !== undefined;
  it.each(ENHANCED_CODECS.filter(isKnown))(
    'enhanced RTMP with %s',
    async (codec) => {
      const file = `${codec}.mp4`;
      folder.make(file, [...PICTURE, ...VIDEO[codec], '-g', '25', '-bf', '0', '-t', String(SECONDS)]);
      const recorded = await record(enhancedFlv(folder.file(file), codec));
      expect(Math.abs(recorded.durationMs - SECONDS * 1_000)).toBeLessThan(300);
      expect(recorded).toMatchObject({ format: codec === 'vp9' ? 'webm' : 'mp4', video: codec });
      expect(await frameHashes(recorded.file, 'v')).toEqual(await frameHashes(folder.file(file), 'v'));
    },
    180_000,
  );
});
