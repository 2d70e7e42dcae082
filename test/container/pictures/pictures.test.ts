import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { PictureMaker } from '../../../container/pictures/pictureMaker.ts';
import { decodeStoryboard } from '../../../functions/core/pictures/storyboard.ts';
import { DEFAULT_PICTURES } from '../../../functions/core/settings/pictures.ts';
import { posterKey, storyboardKey } from '../../../functions/core/state/keys.ts';
import { decodeErrors } from '../../support/counterStream.ts';
import { benchForTests, folderForTests } from '../../support/forTests.ts';
import { HttpSource } from '../../support/httpSource.ts';
import { RECORDER_FFMPEG } from '../../support/recorderBench.ts';
import { describeWith } from '../../support/tools.ts';

const COLOURS = ['red', 'lime', 'blue', 'white'] as const;
const COLOUR_SECONDS = 3;
const RGB: Readonly<Record<(typeof COLOURS)[number], readonly number[]>> = {
  red: [255, 0, 0],
  lime: [0, 255, 0],
  blue: [0, 0, 255],
  white: [255, 255, 255],
};

describeWith(['ffmpeg'], 'pictures of a recording', () => {
  const folder = folderForTests();
  const bench = benchForTests();
  const sources: HttpSource[] = [];
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.close()));
  });

  /** One colour after the other, a keyframe a second. */
  async function colours(codec: readonly string[]): Promise<string> {
    const inputs = COLOURS.flatMap((colour) => [
      ...['-f', 'lavfi', '-i', `color=${colour}:s=320x180:r=10:d=${COLOUR_SECONDS}`],
    ]);
    const bytes = folder.pipe('colours.flv', [
      ...inputs,
      ...['-filter_complex', `concat=n=${COLOURS.length},format=yuv420p`],
      ...codec,
      ...['-flvflags', 'no_duration_filesize', '-f', 'flv'],
    ]);
    const source = await HttpSource.start(bytes);
    sources.push(source);
    return source.url;
  }

  const X264 = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '10',
    '-keyint_min',
    '10',
    '-sc_threshold',
    '0',
  ];

  /** RGB of the middle of a part of an image. */
  function colourAt(name: string, jpeg: Buffer, x: number, y: number): number[] {
    const file = folder.write(name, jpeg);
    const filter = `crop=8:8:${x - 4}:${y - 4},scale=1:1,format=rgb24`;
    const pixel = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-vf', filter, '-f', 'rawvideo', '-']);
    return [...pixel];
  }

  function expectColour(found: readonly number[], colour: (typeof COLOURS)[number]): void {
    for (const [place, value] of RGB[colour].entries())
      expect(Math.abs((found[place] ?? -1000) - value), `${found} is ${colour}`).toBeLessThan(40);
  }

  it('show its first second, and each moment of it where the storyboard says so', async () => {
    // However busy the machine is.
    bench.pictures = new PictureMaker(RECORDER_FFMPEG, {
      runMaxMs: 120_000,
      endWaitsMs: 200_000,
      niceness: 0,
    });
    const pictures = { ...DEFAULT_PICTURES, latestEveryMs: 0 };
    // An open GOP after the other: no keyframe but the first one is an IDR picture.
    const url = await colours([...X264, '-bf', '2', '-x264-params', 'open-gop=1:scenecut=0']);
    const { recordingId, reason, objects } = await bench.record(url, { pictures });
    expect(reason.code).toBe('source_ended');
    expect(objects.parts.get(1)?.final?.videoFrames).toBe(10 * COLOUR_SECONDS * COLOURS.length);
    expectColour(colourAt('poster.jpg', await bench.object(posterKey(recordingId, 1)), 160, 90), 'red');
    const { layout, sprite } = decodeStoryboard(await bench.object(storyboardKey(recordingId, 1)));
    expect(layout).toMatchObject({ tileWidth: 160, tileHeight: 90 });
    expect(layout.timesMs.length).toBeGreaterThanOrEqual(3);
    for (const [place, atMs] of layout.timesMs.entries()) {
      const [column, row] = [place % layout.columns, Math.floor(place / layout.columns)];
      const found = colourAt('sprite.jpg', sprite, 160 * column + 80, 90 * row + 45);
      expectColour(found, COLOURS[Math.floor(atMs / 1000 / COLOUR_SECONDS)] ?? 'red');
    }
  });

  it('are done without where ffmpeg hangs, and the record is whole', async () => {
    const hanging = folder.write('hanging', Buffer.from('#!/bin/sh\nexec sleep 600\n'));
    chmodSync(hanging, 0o755);
    bench.pictures = new PictureMaker(hanging, { runMaxMs: 200, niceness: 0 });
    const { recordingId, reason, objects } = await bench.record(await colours(X264), {
      pictures: DEFAULT_PICTURES,
    });
    expect(reason.code).toBe('source_ended');
    const final = objects.parts.get(1)?.final;
    expect(final?.videoFrames).toBe(10 * COLOUR_SECONDS * COLOURS.length);
    const record = folder.write('record.mp4', await bench.object(final?.key ?? ''));
    expect(await decodeErrors(record)).toBe('');
    expect(objects.outcome?.status).toBe('finished');
    expect(await bench.store.readBytes(posterKey(recordingId, 1))).toBeUndefined();
    expect(await bench.store.readBytes(storyboardKey(recordingId, 1))).toBeUndefined();
  });
});
