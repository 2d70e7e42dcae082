import { beforeAll, expect, it } from 'vitest';
import { initOf } from '../../../../functions/core/playback/watchedInit.ts';
import type { RecordingSettings } from '../../../../functions/core/settings/settings.ts';
import { ALL_TRACKS } from '../../../../functions/core/settings/tracks.ts';
import { Child, freePort } from '../../../support/children.ts';
import { probe } from '../../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import { HttpSource } from '../../../support/httpSource.ts';
import { describeWith } from '../../../support/tools.ts';

const SECONDS = 4;
const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=160x96:rate=25'];
const tone = (hz: number, rateHz = 44_100): string[] => [
  '-f',
  'lavfi',
  '-i',
  `sine=${hz}:sample_rate=${rateHz}`,
];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25'];
const END = ['-t', String(SECONDS)];
const TS = ['-c:a', 'aac', '-f', 'mpegts'];

interface ProbedStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly tags?: { readonly language?: string };
}

describeWith(['ffmpeg'], 'which tracks are recorded', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  let radioFirst: Buffer;
  let twoLanguages: Buffer;
  let cover: Buffer;

  beforeAll(() => {
    radioFirst = folder.make('radio.ts', [
      ...[
        ...tone(300),
        ...PICTURE,
        ...tone(600),
        '-map',
        '0:a',
        '-map',
        '1:v',
        '-map',
        '2:a',
        ...END,
        ...X264,
      ],
      ...['-program', 'title=radio:st=0', '-program', 'title=tv:st=1:st=2', ...TS],
    ]);
    twoLanguages = folder.make('languages.ts', [
      ...[
        ...PICTURE,
        ...tone(300),
        ...tone(600),
        '-map',
        '0:v',
        '-map',
        '1:a',
        '-map',
        '2:a',
        ...END,
        ...X264,
      ],
      ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=deu', ...TS],
    ]);
    folder.make('cover.jpg', ['-f', 'lavfi', '-i', 'testsrc2=size=320x320', '-frames:v', '1']);
    cover = folder.make('cover.mp3', [
      ...[...tone(400), '-i', folder.file('cover.jpg'), '-map', '0', '-map', '1', ...END],
      ...['-c:a', 'libmp3lame', '-c:v', 'copy', '-disposition:v', 'attached_pic'],
    ]);
  }, 180_000);

  async function record(bytes: Buffer, settings: Partial<RecordingSettings> = {}) {
    const source = await HttpSource.start(bytes, { bytesPerSecond: bytes.length / SECONDS });
    const { objects, recordingId, reason } = await bench.record(source.url, settings);
    await source.close();
    const part = objects.parts.get(1);
    if (part?.final === undefined)
      return { reason, streams: [], languages: [], leftOut: undefined, file: '' };
    const { key, format } = part.final;
    const file = folder.write(`${recordingId}.${format}`, await bench.object(key));
    const { streams } = (await probe(file)) as unknown as { streams: ProbedStream[] };
    return {
      reason,
      file,
      streams: streams.map(({ codec_name: name }) => name),
      languages: streams.map(({ tags }) => tags?.language),
      leftOut: part.open?.leftOut,
      tracks: part.final.tracks,
      head: part.open?.head ?? part.open?.init,
    };
  }

  it.concurrent('of two programmes one: picture and sound belong together', async () => {
    const { streams, leftOut, file } = await record(radioFirst);
    expect(streams).toEqual(['h264', 'aac']);
    expect(leftOut).toEqual([{ kind: 'audio', codec: 'aac', reason: 'other_program', count: 1 }]);
    expect(await pitchOf(file)).toBeCloseTo(600, -1);
  }, 180_000);

  it.concurrent.each([
    [{}, ['h264', 'aac', 'aac'], [undefined, 'eng', 'deu']],
    [{ audio: ['de'] }, ['h264', 'aac'], [undefined, 'deu']],
    [{ video: false }, ['aac', 'aac'], ['eng', 'deu']],
    [{ audio: false }, ['h264'], [undefined]],
  ])(
    'of two languages what is asked for: %j',
    async (tracks, expected, languages) => {
      const recorded = await record(twoLanguages, { tracks: { ...ALL_TRACKS, ...tracks } });
      expect(recorded.streams).toEqual(expected);
      expect(recorded.languages.map((one) => (one === 'und' ? undefined : one))).toEqual(languages);
      expect(recorded.tracks?.map(({ language }) => language)).toEqual(languages);
      // Clips of what is still recorded are made with it.
      const { tracks: described } = initOf({ init: Buffer.from(recorded.head ?? '', 'base64') });
      expect(described.map(({ info }) => info.codec)).toEqual(expected);
      const expectedLeft = 3 - expected.length;
      expect((recorded.leftOut ?? []).reduce((sum, { count }) => sum + count, 0)).toBe(expectedLeft);
    },
    180_000,
  );

  it.concurrent('over SRT all of what comes over one connection: the listener takes no second one', async () => {
    const port = await freePort();
    const listener = new Child('ffmpeg', [
      ...[
        '-nostdin',
        '-loglevel',
        'error',
        '-re',
        '-i',
        folder.file('languages.ts'),
        '-map',
        '0',
        '-c',
        'copy',
      ],
      ...['-f', 'mpegts', `srt://127.0.0.1:${port}?mode=listener`],
    ]);
    const { objects } = await bench.record(`srt://127.0.0.1:${port}`);
    await listener.stop();
    const { final } = objects.parts.get(1) ?? {};
    expect(final?.tracks.map(({ codec }) => codec)).toEqual(['h264', 'aac', 'aac']);
    expect(final?.durationMs).toBeGreaterThan((SECONDS - 1) * 1_000);
  }, 180_000);

  it.concurrent('encoded anew, all of them', async () => {
    const { streams, languages } = await record(twoLanguages, { audioSampleRateHz: 48_000 });
    expect(streams).toEqual(['h264', 'aac', 'aac']);
    expect(languages.slice(1)).toEqual(['eng', 'deu']);
  }, 180_000);

  it('of a radio with a cover its sound alone, in MP4', async () => {
    const { streams, leftOut, file } = await record(cover);
    expect(streams).toEqual(['aac']);
    expect(file).toMatch(/\.mp4$/);
    expect(leftOut).toEqual([{ kind: 'video', codec: 'mjpeg', reason: 'picture', count: 1 }]);
  }, 180_000);

  it('a source that has nothing of what is asked for is empty', async () => {
    const { reason } = await record(cover, { tracks: { ...ALL_TRACKS, audio: false } });
    expect(reason.code).toBe('source_empty');
  }, 180_000);

  /** Of the first sound, by its zero crossings. */
  async function pitchOf(file: string): Promise<number> {
    const raw = folder.make(`${Math.random()}.raw`, [
      ...['-i', file, '-map', '0:a:0', '-ac', '1', '-ar', '16000', '-t', '2', '-f', 's16le'],
    ]);
    let crossings = 0;
    for (let at = 2; at < raw.length - 1; at += 2)
      if (raw.readInt16LE(at - 2) < 0 && raw.readInt16LE(at) >= 0) crossings += 1;
    return crossings / (raw.length / 2 / 16_000);
  }
});
