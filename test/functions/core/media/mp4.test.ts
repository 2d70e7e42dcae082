import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boxesIn, findBox } from '../../../../functions/core/media/mp4/boxes.ts';
import { Mp4Reader } from '../../../../functions/core/media/mp4/reader.ts';
import { MediaError } from '../../../../functions/core/media/types.ts';
import { decodeErrors, probe } from '../../../support/counterStream.ts';
import { frameHashes, MediaFolder, packetHashes } from '../../../support/media.ts';
import { atLeastOne, cutIntoParts, PartInMemory, readFragments } from '../../../support/parts.ts';
import { describeWith } from '../../../support/tools.ts';

const FRAGMENTED = [
  '-f',
  'mp4',
  '-movflags',
  '+frag_keyframe+empty_moov+delay_moov+default_base_moof+skip_trailer',
  '-frag_duration',
  '1000000',
];
const picture = (seconds: number, rate = 25): string[] => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=size=320x180:rate=${rate}:duration=${seconds}`,
];
const tone = (seconds: number, rate = 44_100): string[] => [
  '-f',
  'lavfi',
  '-i',
  `sine=sample_rate=${rate}:duration=${seconds}`,
];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
const AAC = ['-c:a', 'aac', '-ac', '2'];

/** What the recorder does with ffmpeg's output. */
function cut(bytes: Buffer, everyMs: number, chunkBytes = 65_536): PartInMemory[] {
  const reader = new Mp4Reader();
  return cutIntoParts(reader, readFragments(reader, bytes, [chunkBytes]), everyMs);
}

describeWith(['ffmpeg'], 'fragmented MP4', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  const SOURCES: readonly (readonly [string, readonly string[]])[] = [
    ['B-frames, audio', [...picture(7), ...tone(7), ...H264, '-bf', '2', '-g', '50', ...AAC]],
    [
      'audio that begins 1.4 s later',
      [...picture(7), '-itsoffset', '1.4', ...tone(6), ...H264, '-bf', '2', '-g', '50', ...AAC],
    ],
    [
      'video that begins 0.7 s later',
      ['-itsoffset', '0.7', ...picture(7), ...tone(7), ...H264, '-g', '50', ...AAC],
    ],
    ['audio only', [...tone(5, 48_000), ...AAC]],
    ['video only, 10 s between keyframes', [...picture(25, 10), ...H264, '-bf', '3', '-g', '100']],
  ];

  describe.each(SOURCES)('%s', (name, args) => {
    const id = name.replaceAll(/\W/g, '');
    let source: Buffer;
    beforeAll(() => {
      source = folder.make(`${id}.mp4`, [...args, ...FRAGMENTED]);
    });

    it('becomes one ordinary file with the same frames at the same times', async () => {
      const [part, ...others] = cut(source, Number.POSITIVE_INFINITY);
      expect(others).toEqual([]);
      const original = await probe(folder.file(`${id}.mp4`));
      for (const [kind, bytes] of [
        ['indexed', part?.finished()],
        ['fragmented', part?.begun],
      ] as const) {
        const file = folder.write(`${id}-${kind}.mp4`, bytes ?? Buffer.alloc(0));
        expect(await decodeErrors(file)).toBe('');
        const { streams, format } = await probe(file);
        expect(streams.map(({ codec_name }) => codec_name)).toEqual(
          original.streams.map(({ codec_name }) => codec_name),
        );
        for (const [i, stream] of streams.entries()) {
          const before = original.streams[i];
          const kindLetter = stream.codec_type === 'video' ? 'v' : 'a';
          // In a fragmented file ffprobe shows an encoder's priming as a start before zero.
          const shift = Math.max(0, Number(stream.start_time)) - Math.max(0, Number(before?.start_time));
          expect(Math.abs(shift)).toBeLessThan(0.001);
          const frames = await frameHashes(folder.file(`${id}.mp4`), kindLetter);
          const shown = await frameHashes(file, kindLetter);
          // An ordinary file hides the priming frame of an AAC encoder, which a fragmented one plays.
          expect(frames.length - shown.length).toBeLessThanOrEqual(kindLetter === 'a' ? 1 : 0);
          expect(shown).toEqual(frames.slice(-shown.length));
        }
        if (kind === 'indexed') {
          const durationMs = part?.muxer.summary.durationMs ?? 0;
          expect(Math.abs(Number(format.duration) * 1000 - durationMs)).toBeLessThan(2);
        }
      }
    });

    it('is cut into parts that start at zero and lose or repeat no frame', async () => {
      const parts = cut(source, 1_000);
      expect(parts.length).toBeGreaterThan(1);
      const hashes: Record<'v' | 'a', string[]> = { v: [], a: [] };
      for (const [i, part] of parts.entries()) {
        const { summary } = part.muxer;
        const file = folder.write(`${id}-part${i}.mp4`, part.finished());
        const { streams, format } = await probe(file);
        expect(Math.min(...streams.map(({ start_time }) => Number(start_time)))).toBeCloseTo(0, 3);
        expect(Math.abs(Number(format.duration) * 1000 - summary.durationMs)).toBeLessThan(2);
        for (const { codec_type } of streams) {
          const kind = codec_type === 'video' ? 'v' : 'a';
          // A decoder needs the AAC frame before: the first one of a later part differs, its packets do not.
          hashes[kind].push(...(await packetHashes(file, kind)));
        }
      }
      for (const kind of ['v', 'a'] as const) {
        if (hashes[kind].length === 0) continue;
        expect(hashes[kind]).toEqual(await packetHashes(folder.file(`${id}.mp4`), kind));
      }
    });
  });

  it('has its index in front: ftyp, moov, one mdat that covers the rest', () => {
    const source = folder.make('order.mp4', [...picture(3), ...H264, ...FRAGMENTED]);
    const [part] = cut(source, Number.POSITIVE_INFINITY);
    const boxes = boxesIn(part?.finished() ?? Buffer.alloc(0));
    expect(boxes.map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(findBox(boxesIn(boxes[1]?.body ?? Buffer.alloc(0)), 'mvex')).toBeUndefined();
  });

  it('gives the same fragments however the bytes are split', () => {
    const source = folder.make('split.mp4', [
      ...picture(3),
      ...tone(3),
      ...H264,
      '-g',
      '25',
      ...AAC,
      ...FRAGMENTED,
    ]);
    const whole = new Mp4Reader().push(Buffer.from(source)).map(({ bytes }) => bytes);
    expect(whole.length).toBeGreaterThan(2);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 50 }), (sizes) => {
        const reader = new Mp4Reader();
        const found = readFragments(reader, source, sizes).map(({ bytes }) => bytes);
        expect(reader.danglingBytes).toBe(0);
        expect(found.length).toBe(whole.length);
        expect(Buffer.concat(found).equals(Buffer.concat(whole))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('splits one byte at a time too', () => {
    const source = folder.make('bytes.mp4', [...picture(1), ...H264, '-crf', '40', ...FRAGMENTED]);
    const reader = new Mp4Reader();
    let fragments = 0;
    for (const byte of source) fragments += reader.push(Buffer.from([byte])).length;
    expect(fragments).toBe(new Mp4Reader().push(Buffer.from(source)).length);
  });

  it('cut off anywhere, plays up to there', async () => {
    const source = folder.make('killed.mp4', [
      ...picture(4),
      ...tone(4),
      ...H264,
      '-g',
      '25',
      ...AAC,
      ...FRAGMENTED,
    ]);
    for (const share of [0.4, 0.7, 0.95]) {
      const reader = new Mp4Reader();
      const fragments = reader.push(Buffer.from(source.subarray(0, Math.floor(source.length * share))));
      expect(reader.danglingBytes).toBeGreaterThan(0);
      const file = folder.write(
        `killed-${share}.mp4`,
        new PartInMemory(reader, atLeastOne(fragments)).finished(),
      );
      expect(await decodeErrors(file)).toBe('');
    }
  });

  it('refuses damaged bytes with a MediaError, and nothing else', () => {
    const source = folder.make('damaged.mp4', [...picture(2), ...tone(2), ...H264, ...AAC, ...FRAGMENTED]);
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ at: fc.integer({ min: 0, max: 8_000 }), byte: fc.integer({ min: 0, max: 255 }) }),
          {
            minLength: 1,
            maxLength: 8,
          },
        ),
        (damages) => {
          const bytes = Buffer.from(source);
          for (const { at, byte } of damages) bytes[at % bytes.length] = byte;
          const reader = new Mp4Reader();
          try {
            const fragments = reader.push(bytes);
            if (fragments.length === 0) return;
            new PartInMemory(reader, atLeastOne(fragments)).finished();
          } catch (error) {
            refused += 1;
            expect(error).toBeInstanceOf(MediaError);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(10);
  });
});
