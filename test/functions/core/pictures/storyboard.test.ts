import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaError } from '../../../../functions/core/media/types.ts';
import { pictureSize, tileSize } from '../../../../functions/core/pictures/size.ts';
import {
  columnsOf,
  decodeStoryboard,
  encodeStoryboard,
  storyboardVtt,
} from '../../../../functions/core/pictures/storyboard.ts';

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x0a, 0x0a]);

describe('a storyboard', () => {
  it('says from when to when each of its pictures is shown, and where it lies', () => {
    const layout = { tileWidth: 160, tileHeight: 90, columns: 2, timesMs: [40, 2_000, 3_599_500] };
    const scenes = [
      { layout, image: 'a%20b.storyboard.jpg', startMs: 0, durationMs: 3_600_001.4 },
      {
        layout: { ...layout, timesMs: [0, 9_000] },
        image: 'storyboard-2.jpg',
        startMs: 3_600_001.4,
        // It is played up to where the next attempt began.
        durationMs: 9_000,
      },
    ];
    expect(storyboardVtt(scenes)).toBe(
      [
        'WEBVTT\n',
        '00:00:00.000 --> 00:00:02.000\na%20b.storyboard.jpg#xywh=0,0,160,90\n',
        '00:00:02.000 --> 00:59:59.500\na%20b.storyboard.jpg#xywh=160,0,160,90\n',
        '00:59:59.500 --> 01:00:00.001\na%20b.storyboard.jpg#xywh=0,90,160,90\n',
        '01:00:00.001 --> 01:00:09.001\nstoryboard-2.jpg#xywh=0,0,160,90\n',
      ].join('\n'),
    );
  });

  it('has cues that follow one another without a hole, each within its image', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 86_400_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(times, (given) => {
        const timesMs = given.toSorted((one, other) => one - other);
        const columns = columnsOf(timesMs.length);
        const layout = { tileWidth: 160, tileHeight: 90, columns, timesMs };
        const durationMs = (timesMs.at(-1) ?? 0) + 1;
        const vtt = storyboardVtt([{ layout, image: 'i.jpg', startMs: 0, durationMs }]);
        const cues = [...vtt.matchAll(/^([\d:.]+) --> ([\d:.]+)\n\S+#xywh=(\d+),(\d+),160,90$/gm)];
        expect(cues).toHaveLength(timesMs.length);
        expect(cues[0]?.[1]).toBe('00:00:00.000');
        for (const [place, [, , to, x, y]] of cues.entries()) {
          expect(to).toBe(cues[place + 1]?.[1] ?? to);
          expect(Number(x) / 160).toBeLessThan(columns);
          expect(Number(y) / 90).toBeLessThan(Math.ceil(timesMs.length / columns));
        }
      }),
    );
  });

  it('is read as it was written, and nothing else is', () => {
    const layout = { tileWidth: 160, tileHeight: 90, columns: 1, timesMs: [0] };
    const bytes = encodeStoryboard({ layout, sprite: JPEG });
    expect(decodeStoryboard(bytes)).toEqual({ layout, sprite: JPEG });
    const wrong = [
      Buffer.alloc(0),
      JPEG,
      bytes.subarray(0, -4),
      Buffer.concat([Buffer.from('{"tileWidth":1}\n'), JPEG]),
      encodeStoryboard({ layout, sprite: Buffer.from('<html></html>') }),
    ];
    for (const one of wrong) expect(() => decodeStoryboard(one)).toThrow(MediaError);
  });

  it('has pictures as they are shown, and none larger than it was made', () => {
    const shown = (width: number, height: number, pixelWidth = 1, pixelHeight = 1) => ({
      info: { kind: 'video', codec: 'h264', width, height } as const,
      pixelWidth,
      pixelHeight,
    });
    expect(tileSize(shown(1920, 1080))).toEqual({ width: 160, height: 90 });
    expect(tileSize(shown(1080, 1920))).toEqual({ width: 90, height: 160 });
    expect(tileSize(shown(720, 576, 16, 15))).toEqual({ width: 160, height: 120 });
    expect(pictureSize(shown(1920, 1080))).toEqual({ width: 1280, height: 720 });
    expect(pictureSize(shown(320, 180))).toEqual({ width: 320, height: 180 });
    expect(pictureSize(shown(320, 180, 1, 1_000_000))).toEqual({ width: 80, height: 180 });
    expect(tileSize(shown(16, 16_000))).toEqual({ width: 16, height: 160 });
  });
});
