import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type SizedSample, zeroOfLaterMs } from '../../../../../functions/core/media/clip/sameSamples.ts';

const FRAME_MS = 40;

/** A stream of pictures as a server sends it: keyframes every so many, and how large each is. */
const streams = fc
  .tuple(
    fc.integer({ min: 1, max: 30 }),
    // Of a picture that stands still many are alike.
    fc.constantFrom(2, 60, 20_000),
  )
  .chain(([keyframeEvery, sizes]) =>
    fc.array(fc.nat(sizes), { minLength: 60, maxLength: 150 }).map((all) =>
      all.map((bytes, n) => ({
        ...{ bytes, sync: n % keyframeEvery === 0, startMs: n * FRAME_MS },
      })),
    ),
  );

/** What a recording that begins there has of it, in its own media time. */
const recordedFrom = (stream: readonly SizedSample[], first: number, until: number): SizedSample[] => {
  const zeroMs = stream[first]?.startMs ?? 0;
  return stream.slice(first, until).map((sample) => ({ ...sample, startMs: sample.startMs - zeroMs }));
};

it('a recording that takes over begins where the earlier one has the same pictures, whatever the clocks say', () => {
  fc.assert(
    fc.property(
      streams,
      fc.nat(1_000),
      fc.integer({ min: 12, max: 150 }),
      fc.integer({ min: -5_000, max: 5_000 }),
      (stream, place, overlap, clockMs) => {
        const keyframes = stream.flatMap(({ sync }, n) => (sync ? [n] : []));
        const first = keyframes[place % keyframes.length] ?? 0;
        fc.pre(stream.length - first >= 12);
        const earlier = stream.slice(0, first + overlap);
        const later = recordedFrom(stream, first, stream.length);
        const found = zeroOfLaterMs(earlier, later, first * FRAME_MS + clockMs) ?? Number.NaN;
        // Where the sizes alone do not tell, it is a keyframe that is as near and begins the same pictures.
        expect(Math.abs(found - first * FRAME_MS - clockMs)).toBeLessThanOrEqual(Math.abs(clockMs));
        const count = Math.min(earlier.length - found / FRAME_MS, later.length) - 1;
        const sizes = (samples: readonly SizedSample[]) => samples.map(({ bytes }) => bytes);
        expect(sizes(stream.slice(found / FRAME_MS)).slice(1, count)).toEqual(sizes(later).slice(1, count));
      },
    ),
  );
});

it('the first picture may have more with it, and the last one less; what is not the same is told by the clocks', () => {
  const stream = Array.from({ length: 100 }, (_, n) => ({
    ...{ bytes: 100 + ((n * 7_919) % 1_009), sync: n % 25 === 0, startMs: n * FRAME_MS },
  }));
  const later = recordedFrom(stream, 50, 100);
  const grown = later.map((one, n) => (n === 0 ? { ...one, bytes: one.bytes + 40 } : one));
  const short = stream.slice(0, 80).map((one, n) => (n === 79 ? { ...one, bytes: 3 } : one));
  expect(zeroOfLaterMs(short, grown, 9_000)).toBe(2_000);
  expect(zeroOfLaterMs(stream.slice(0, 50), later, 2_000)).toBeUndefined();
  expect(zeroOfLaterMs(stream.slice(0, 59), later, 2_000)).toBeUndefined();
  expect(zeroOfLaterMs(stream.slice(0, 60), later, 2_000)).toBe(2_000);
  const changed = stream.map((one, n) => (n === 60 ? { ...one, bytes: 3 } : one));
  expect(zeroOfLaterMs(changed, later, 2_000)).toBeUndefined();
  expect(zeroOfLaterMs(stream, later.slice(1), 2_000)).toBeUndefined();
  expect(zeroOfLaterMs(stream, [], 2_000)).toBeUndefined();
});
