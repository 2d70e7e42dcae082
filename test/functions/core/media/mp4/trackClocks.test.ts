import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { box, boxesIn, findBox } from '../../../../../functions/core/media/mp4/boxes.ts';
import { TrackClocks } from '../../../../../functions/core/media/mp4/trackClocks.ts';

const VIDEO = { id: 1, timescale: 90_000 };
const SOUND = { id: 2, timescale: 44_100 };
type Track = typeof VIDEO;
const HOURS = 3_600;
const TURN = 2 ** 32;

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};
const trak = ({ id, timescale }: Track): Buffer =>
  box('trak', box('tkhd', u32(0, 0, 0, id)), box('mdia', box('mdhd', u32(0, 0, 0, timescale))));
const INIT = Buffer.concat([box('ftyp', u32(0)), box('moov', trak(VIDEO), trak(SOUND))]);

function traf({ id, timescale }: Track, seconds: number, isLong: boolean): Buffer {
  const units = Math.round(seconds * timescale);
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(units % (isLong ? 2 ** 53 : TURN)));
  const tfdt = isLong ? Buffer.concat([u32(1 << 24), long]) : u32(0, units % TURN);
  return box('traf', box('tfhd', u32(0, id)), box('tfdt', tfdt));
}
const fragment = (...trafs: readonly Buffer[]): Buffer =>
  Buffer.concat([box('moof', box('mfhd', u32(0, 1)), ...trafs), box('mdat', Buffer.alloc(500, 7))]);

/** Of all fragments: when each track is, in seconds. */
function timesIn(bytes: Buffer): number[][] {
  return boxesIn(bytes)
    .filter(({ type }) => type === 'moof')
    .map(({ body }) =>
      boxesIn(body).flatMap(({ type, body: inside }) => {
        if (type !== 'traf') return [];
        const boxes = boxesIn(inside);
        const id = findBox(boxes, 'tfhd')?.body.readUInt32BE(4);
        const tfdt = findBox(boxes, 'tfdt')?.body ?? Buffer.alloc(0);
        const units = tfdt[0] === 1 ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4);
        return [units / (id === VIDEO.id ? VIDEO : SOUND).timescale];
      }),
    );
}

function passed(segments: readonly Buffer[], chunkBytes = 1_000): Buffer {
  const clocks = new TrackClocks();
  clocks.push(INIT);
  return Buffer.concat(
    segments.flatMap((segment) => {
      clocks.beginSegment();
      const chunks: Buffer[] = [];
      for (let at = 0; at < segment.length; at += chunkBytes)
        chunks.push(Buffer.from(clocks.push(Buffer.from(segment.subarray(at, at + chunkBytes)))));
      return [...chunks, clocks.endSegment()];
    }),
  );
}

describe('tracks of fragmented MP4 whose clocks are far apart', () => {
  const both = (seconds: number, isLong: boolean, apart = 0): Buffer =>
    fragment(traf(VIDEO, seconds, isLong), traf(SOUND, seconds + apart, isLong));

  it('are together where counters of 32 bits have turned round, to the sample', () => {
    const at = 14 * HOURS;
    const segments = [at, at + 2, at + 4].map((seconds) => both(seconds, false, 0.3));
    for (const chunkBytes of [1, 13, 10_000]) {
      const found = timesIn(passed(segments, chunkBytes));
      for (const [pictures = 0, sound = 0] of found) expect(sound - pictures).toBeCloseTo(0.3, 4);
      expect((found[1]?.[0] ?? 0) - (found[0]?.[0] ?? 0)).toBeCloseTo(2, 4);
    }
  });

  it('begin together where it is no matter of turns', () => {
    for (const isLong of [false, true]) {
      const segments = [1, 3].map((seconds) => both(seconds, isLong, 5 * HOURS));
      for (const [pictures = 0, sound = 0] of timesIn(passed(segments)))
        expect(sound).toBeCloseTo(pictures, 4);
    }
  });

  it('stay together where one of them turns round, and there is room to say so', () => {
    const at = TURN / VIDEO.timescale - 1;
    const wrapped = (seconds: number): Buffer =>
      fragment(traf(VIDEO, seconds % (TURN / VIDEO.timescale), true), traf(SOUND, seconds, true));
    for (const [pictures = 0, sound = 0] of timesIn(passed([wrapped(at), wrapped(at + 2)])))
      expect(sound).toBeCloseTo(pictures, 4);
  });

  it('are left alone where a box ends too early', () => {
    const short = box('traf', box('tfhd', u32(0)), box('tfdt', u32(1 << 24)));
    const sent = fragment(short, box('traf', box('tfhd', u32(0, VIDEO.id)), box('tfdt', u32(0))));
    expect(passed([sent]).equals(sent)).toBe(true);
  });

  it('are as they come where they are near, in chunks of any size, and so is all that is no box', () => {
    const sent = Buffer.concat([
      both(36_000, true, 1),
      both(36_002, true, 1),
      Buffer.from('what a server adds to it'),
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: sent.length }), (chunkBytes) => {
        expect(passed([sent], chunkBytes).equals(sent)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
