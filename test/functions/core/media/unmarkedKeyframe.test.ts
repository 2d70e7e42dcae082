import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnmarkedKeyframe } from '../../../../functions/core/media/nal/h264.ts';
import { BitWriter } from './bitWriter.ts';

const DELIMITER = Buffer.from([9, 0xf0]);
const SEQUENCE = Buffer.from([0x67, 66, 0, 30]);
const PICTURE = Buffer.from([0x68, 0xce]);
const slice = (type: number, firstMacroblock = 0): Buffer =>
  new BitWriter().unsigned(firstMacroblock).unsigned(type).unsigned(0).unit([0x41]);

/** Slice types, of which those from 5 on say that all of the picture are the same. */
const INTRA = fc.constantFrom<number>(2, 7);
const OTHER = fc.constantFrom<number>(0, 1, 3, 4, 5, 6, 8, 9);

describe('a keyframe of H.264 that nobody marks', () => {
  it('has its parameter sets with it, and is made of no other picture in any of its slices', () => {
    fc.assert(
      fc.property(fc.array(INTRA, { minLength: 1, maxLength: 8 }), (types) => {
        const slices = types.map((type, place) => slice(type, place * 20));
        expect(isUnmarkedKeyframe([DELIMITER, SEQUENCE, PICTURE, ...slices])).toBe(true);
        expect(isUnmarkedKeyframe([DELIMITER, PICTURE, ...slices])).toBe(false);
      }),
    );
  });

  it('is none when one slice is made of others, or there is none', () => {
    fc.assert(
      fc.property(fc.array(INTRA, { maxLength: 4 }), OTHER, fc.nat(4), (types, other, at) => {
        const slices = types.toSpliced(at, 0, other).map((type, place) => slice(type, place * 20));
        expect(isUnmarkedKeyframe([SEQUENCE, PICTURE, ...slices])).toBe(false);
      }),
    );
    expect(isUnmarkedKeyframe([SEQUENCE, PICTURE])).toBe(false);
  });
});
