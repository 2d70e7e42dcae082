import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONTENT_TYPES } from '../../../functions/core/media/contentTypes.ts';
import type { ContainerFormat } from '../../../functions/core/media/types.ts';
import { ChromiumPlayer } from '../../support/browser.ts';
import { counterStreamArgs, decodeErrors } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameWidths } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 20;
const WEBM_SECONDS = 8;
const FPS = 25;
/** Of pictures of one size. */
const RUN_SECONDS = 2;

/** One number for each frame of two runs. */
const halves = (first: number, second: number): number[] =>
  [first, second].flatMap((width) => Array.from({ length: RUN_SECONDS * FPS }, () => width));

describeWith(['ffmpeg', 'chromium'], 'a record in a browser', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  let chromium: ChromiumPlayer;
  beforeAll(async () => {
    chromium = await ChromiumPlayer.start();
  });
  afterAll(async () => {
    await chromium.close();
    await Promise.all(sources.map((source) => source.close()));
  });

  async function record(name: string, output: readonly string[]): Promise<Buffer> {
    const source = await HttpSource.start(folder.pipe(name, output));
    sources.push(source);
    const { objects } = await bench.record(source.url);
    return bench.object(objects.parts.get(1)?.final?.key ?? '');
  }
  const args = counterStreamArgs({ fps: FPS, keyframeEvery: 2 * FPS }).filter((arg) => arg !== '-re');
  const input = args.slice(0, args.indexOf('-c:v'));

  it('MP4: one request to load, its duration, the right frame after each seek', async () => {
    // Of so many bytes that its end is not there with its beginning.
    const rate = [
      ...['-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M'],
      ...['-x264-params', 'nal-hrd=cbr'],
    ];
    const live = ['-t', String(SECONDS), '-flvflags', 'no_duration_filesize', '-f', 'flv'];
    const mp4 = await record('browser.flv', [...args, ...rate, ...live]);
    const seeks = [13.5, 3.02, 18.98];
    const found = await chromium.play(mp4, 'video/mp4', seeks);
    expect(found.requestsToLoad).toBe(1);
    expect(Math.abs(found.durationSeconds - SECONDS)).toBeLessThan(0.1);
    for (const [i, seconds] of seeks.entries()) {
      expect(Math.abs((found.frames[i] ?? 0) - Math.floor(seconds * FPS))).toBeLessThanOrEqual(1);
    }
  }, 180_000);

  it('WebM: its duration, and the right frame after each seek', async () => {
    const vp8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-g', '50'];
    const mkv = [
      ...[...input, ...vp8, '-c:a', 'libopus', '-t', String(WEBM_SECONDS)],
      ...['-live', '1', '-f', 'matroska'],
    ];
    const webm = await record('browser.mkv', mkv);
    const found = await chromium.play(webm, 'video/webm', [5.5, 2.02]);
    expect(Math.abs(found.durationSeconds - WEBM_SECONDS)).toBeLessThan(0.1);
    for (const [i, seconds] of [5.5, 2.02].entries()) {
      expect(Math.abs((found.frames[i] ?? 0) - Math.floor(seconds * FPS))).toBeLessThanOrEqual(1);
    }
  }, 180_000);

  const OTHERS: readonly (readonly [string, ContainerFormat, readonly string[]])[] = [
    ['VP8', 'webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M']],
    ['VP9', 'webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M']],
    ['AV1', 'mp4', ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-b:v', '1M']],
  ];

  it.each(OTHERS)(
    'of %s in %s, whose keyframes say another size, is one file: all frames decode, and are found',
    async (codec, format, encoder) => {
      const [counter = ''] = counterStreamArgs({ audio: false }).filter((arg) => arg.includes('[c]'));
      for (const place of [0, 1]) {
        // Numbers go on, in a picture of another size.
        const numbered = `trim=start_frame=${place * RUN_SECONDS * FPS},setpts=PTS-STARTPTS,scale=${320 * (place + 1)}:-2:flags=neighbor`;
        folder.make(`${codec}-${place}.mkv`, [
          ...['-f', 'lavfi', '-i', counter, '-vf', numbered],
          ...[...encoder, '-g', '25', '-t', String(RUN_SECONDS)],
        ]);
      }
      folder.write(
        `${codec}.txt`,
        Buffer.from([0, 1].map((place) => `file ${codec}-${place}.mkv\nduration ${RUN_SECONDS}\n`).join('')),
      );
      const bytes = folder.pipe(`${codec}.mkv`, [
        ...['-f', 'concat', '-i', folder.file(`${codec}.txt`), '-c', 'copy', '-live', '1', '-f', 'matroska'],
      ]);
      const source = await HttpSource.start(bytes);
      sources.push(source);
      const { objects } = await bench.record(source.url);
      expect([...objects.parts.keys()]).toEqual([1]);
      const final = objects.parts.get(1)?.final;
      expect(final?.format).toBe(format);
      const record = await bench.object(final?.key ?? '');
      const file = folder.write(`${codec}-record.${format}`, record);
      expect(await decodeErrors(file)).toBe('');
      expect(await frameWidths(file)).toEqual(halves(320, 640));
      const seeks = [RUN_SECONDS - 0.5, RUN_SECONDS + 1.5, 0.5];
      const { frames } = await chromium.play(record, CONTENT_TYPES[format], seeks);
      for (const [i, seconds] of seeks.entries()) {
        expect(Math.abs((frames[i] ?? 0) - Math.floor(seconds * FPS))).toBeLessThanOrEqual(1);
      }
    },
    180_000,
  );
});
