import { describe, expect, it } from 'vitest';
import { givenMs, inputFor, shiftOf } from '../../../../container/source/hls/runInput.ts';
import { type SegmentFacts, WRAP_MS } from '../../../../functions/core/hls/seam.ts';

const facts = (kind: 'ts' | 'aac', startMs: number): SegmentFacts => ({
  ...{ kind, setup: undefined, startMs, durationMs: 2_000, dateMs: undefined },
  ...{ isDiscontinuity: false, missedMs: 0, foundAtMs: 0, seenAtMs: 0 },
});

/** What ffmpeg is to add to the times of pictures, and of packed sound, in seconds. */
function offsetsOf(startMs: number): number[] {
  const main = { url: 'http://v', facts: facts('ts', startMs) };
  const sound = { url: 'http://a', facts: facts('aac', startMs) };
  const access = inputFor(main, [sound], { hasSoundInside: false, leftOut: [] }, 0, () => undefined);
  return [access, ...access.others].map(({ options }) => Number(options[options.indexOf('-itsoffset') + 1]));
}
const offsetOf = (startMs: number): number | undefined => offsetsOf(startMs)[1];

describe('packed sound beside a transport stream', () => {
  it('has the times that ffmpeg says of the pictures, which are below zero where their clock is about to begin anew', () => {
    expect(offsetOf(5_000)).toBe(5);
    expect(offsetOf(WRAP_MS - 61_000)).toBeCloseTo(WRAP_MS / 1_000 - 61, 3);
    expect(offsetOf(WRAP_MS - 5_000)).toBeCloseTo(-5, 3);
  });
});

describe('a transport stream', () => {
  it.each([
    ['near its beginning', 1_400, 0],
    ['in its midst', 12_345_678, 0],
    ['near its end, from where it counts below zero', WRAP_MS - 5_000, WRAP_MS],
  ])(
    'is in the midst of its counter as ffmpeg reads it, and is told by its own times: %s',
    (_where, startMs, turnMs) => {
      const shiftMs = shiftOf(facts('ts', startMs));
      expect(startMs + shiftMs).toBeCloseTo(WRAP_MS / 2, -1);
      expect((offsetsOf(startMs)[0] ?? 0) * 1_000).toBeCloseTo(-shiftMs - turnMs, 2);
    },
  );

  it('alone is shifted', () => {
    expect(shiftOf(facts('aac', 1_400))).toBe(0);
  });
});

describe('what ffmpeg gives of the beginning of a segment', () => {
  it.each<[SegmentFacts['kind'], number, number, number]>([
    ['ts', 1_400, 0, 1_400],
    ['ts', WRAP_MS - 5_000, 0, -5_000],
    ['fmp4', WRAP_MS - 5_000, WRAP_MS - 65_000, 60_000],
  ])('of %s that begins at %d', (kind, startMs, takenOffMs, expected) => {
    expect(givenMs({ kind, startMs }, takenOffMs)).toBeCloseTo(expected);
  });

  it('is not known where it has no times', () => {
    expect(givenMs({ kind: 'ts', startMs: undefined }, 0)).toBeUndefined();
  });
});
