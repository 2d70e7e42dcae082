import { expect, it } from 'vitest';
import { box, fullBox, u32, u64 } from '../../../../../functions/core/media/mp4/boxes.ts';
import { readMp4Opening } from '../../../../../functions/core/media/mp4/opening.ts';

const [VIDEO, AUDIO] = [1, 2];
const TIMESCALE = 1_000;

const track = (id: number, handler: string): Buffer =>
  box(
    'trak',
    fullBox('tkhd', 0, 0, u32(0, 0, id, 0)),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, TIMESCALE, 0)),
      fullBox('hdlr', 0, 0, u32(0), Buffer.from(handler)),
    ),
  );
const INIT = Buffer.concat([box('ftyp', u32(0)), box('moov', track(VIDEO, 'vide'), track(AUDIO, 'soun'))]);

/** One moof and its mdat. @param startsMs of its tracks, by their ids */
const fragment = (...startsMs: readonly (readonly [number, number])[]): Buffer => {
  const trafs = startsMs.map(([id, ms]) =>
    box('traf', fullBox('tfhd', 0, 0, u32(id)), fullBox('tfdt', 1, 0, u64(ms))),
  );
  return Buffer.concat([box('moof', ...trafs), box('mdat', Buffer.alloc(100))]);
};

it('is read up to the first fragment with pictures, and tells how long after all else these begin', () => {
  const bytes = Buffer.concat([
    fragment([AUDIO, 5_000]),
    fragment([AUDIO, 5_200], [VIDEO, 5_240]),
    fragment([VIDEO, 9_000]),
  ]);
  const begun = new Map([[VIDEO, 240]]);
  expect(readMp4Opening(bytes, INIT)).toEqual({ init: undefined, startsMs: [5_000], begun, isWhole: true });
});

const withSound = Buffer.concat([INIT, fragment([AUDIO, 0])]);

it.each<[string, Buffer, boolean]>([
  ['all tracks have begun', Buffer.concat([INIT, fragment([AUDIO, 40], [VIDEO, 0])]), true],
  ['sound has not begun', Buffer.concat([INIT, fragment([VIDEO, 0])]), true],
  ['pictures have not begun', withSound, false],
  [
    'the fragment with pictures is cut off',
    Buffer.concat([withSound, fragment([VIDEO, 0]).subarray(0, 20)]),
    false,
  ],
  ['there is no fragment', INIT, false],
  ['the tracks are not known', fragment([VIDEO, 0]), false],
])('is whole, or not, where %s', (_what, bytes, isWhole) => {
  expect(readMp4Opening(bytes).isWhole).toBe(isWhole);
});

it.each([
  ['before', 1_000],
  ['far behind', 900_000],
])('says that pictures of another clock, %s that of sound, begin with it', (_where, startMs) => {
  const bytes = Buffer.concat([INIT, fragment([AUDIO, 5_000]), fragment([VIDEO, startMs])]);
  expect(readMp4Opening(bytes).begun).toEqual(new Map([[VIDEO, 0]]));
});
