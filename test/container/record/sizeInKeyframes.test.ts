import { afterAll, expect, it } from 'vitest';
import { CONTENT_TYPES } from '../../../functions/core/media/contentTypes.ts';
import type { ContainerFormat } from '../../../functions/core/media/types.ts';
import { playInChromium } from '../../support/browser.ts';
import { counterStreamArgs, decodeErrors } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { frameWidths } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 3;

/** One number for each frame of two runs. */
const halves = (first: number, second: number): number[] =>
  [first, second].flatMap((width) => Array.from({ length: SECONDS * 25 }, () => width));

describeWith(['ffmpeg', 'chromium'], 'a source whose keyframes say their size', () => {
  const folder = folderForTests();
  const sources: HttpSource[] = [];
  const bench = benchForTests();
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });

  const OTHERS: readonly (readonly [string, ContainerFormat, readonly string[]])[] = [
    ['VP8', 'webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M']],
    ['VP9', 'webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M']],
    ['AV1', 'mp4', ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-b:v', '1M']],
  ];

  it.each(OTHERS)(
    'stays one file with %s in %s, in which all frames decode and a browser finds them',
    async (codec, format, encoder) => {
      const [input = ''] = counterStreamArgs({ audio: false }).filter((arg) => arg.includes('[c]'));
      for (const place of [0, 1]) {
        // Numbers go on, in a picture of another size.
        const numbered = `trim=start_frame=${place * SECONDS * 25},setpts=PTS-STARTPTS,scale=${320 * (place + 1)}:-2:flags=neighbor`;
        folder.make(`${codec}-${place}.mkv`, [
          ...['-f', 'lavfi', '-i', input, '-vf', numbered, ...encoder, '-g', '25', '-t', String(SECONDS)],
        ]);
      }
      folder.write(
        `${codec}.txt`,
        Buffer.from([0, 1].map((place) => `file ${codec}-${place}.mkv\nduration ${SECONDS}\n`).join('')),
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
      const seeks = [SECONDS - 0.5, SECONDS + 1.5, 0.5];
      const { frames } = await playInChromium(record, CONTENT_TYPES[format], seeks);
      for (const [i, seconds] of seeks.entries()) {
        expect(Math.abs((frames[i] ?? 0) - Math.floor(seconds * 25))).toBeLessThanOrEqual(1);
      }
    },
    180_000,
  );
});
