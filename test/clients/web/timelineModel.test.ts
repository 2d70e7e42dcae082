import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockOf, placeOf, secondsOf, stretches, totalMs } from '../../../clients/web/timelineModel.ts';

type Timeline = NonNullable<Parameters<typeof stretches>[0]['timeline']>;

const ZERO_MS = Date.parse('2026-11-28T10:00:00.000Z');
const iso = (ms: number): string => new Date(ZERO_MS + ms).toISOString();
const timelineOf = (all: Timeline['stretches']): Timeline => ({
  recordedMs: 0,
  missingMs: 0,
  stretches: all,
});

describe('a recording in wall-clock time', () => {
  const timeline = timelineOf([
    { kind: 'recorded', part: 1, startTime: iso(0), endTime: iso(4_000), atMs: 0 },
    {
      kind: 'missing',
      part: 1,
      startTime: iso(4_000),
      endTime: iso(6_000),
      atMs: 4_000,
      cause: 'source_lost',
    },
    { kind: 'recorded', part: 1, startTime: iso(6_000), endTime: iso(10_000), atMs: 6_000 },
    { kind: 'missing', part: 2, startTime: iso(10_000), endTime: iso(13_000), cause: 'recorder_lost' },
    { kind: 'recorded', part: 2, startTime: iso(13_000), atMs: 0 },
  ]);
  const all = stretches({ timeline }, ZERO_MS + 25_000);

  it('is what the API tells, with causes in words, up to now', () => {
    expect(all.map(({ startMs, endMs, cause }) => [startMs - ZERO_MS, endMs - ZERO_MS, cause])).toEqual([
      [0, 4_000, undefined],
      [4_000, 6_000, 'the source was away'],
      [6_000, 10_000, undefined],
      [10_000, 13_000, 'the recorder was lost'],
      [13_000, 25_000, undefined],
    ]);
    expect(totalMs(all, 'recorded')).toBe(20_000);
    expect(totalMs(all, 'missing')).toBe(5_000);
    expect(stretches({}, ZERO_MS)).toEqual([]);
  });

  it('is played without what is missing', () => {
    const [first, , second, , third] = all;
    if (first === undefined || second === undefined || third === undefined) throw new Error('too few');
    expect(secondsOf(all, first, 1_000)).toBe(1);
    expect(secondsOf(all, second, 7_000)).toBe(5);
    expect(secondsOf(all, third, 2_000)).toBe(10);
    expect(clockOf(all, undefined, 5)).toBe(ZERO_MS + 7_000);
    expect(clockOf(all, undefined, 10)).toBe(ZERO_MS + 15_000);
    expect(clockOf(all, 1, 7)).toBe(ZERO_MS + 7_000);
    expect(clockOf(all, 2, 2)).toBe(ZERO_MS + 15_000);
    expect(clockOf(all, 9, 2)).toBeUndefined();
    expect(clockOf([], undefined, 2)).toBeUndefined();
  });

  it('has a place for each time of the wall clock: in what is missing, where it goes on', () => {
    const [first, , second, , third] = all;
    expect(placeOf(all, ZERO_MS + 1_000)).toEqual([first, 1_000]);
    expect(placeOf(all, ZERO_MS + 5_000)).toEqual([second, 6_000]);
    expect(placeOf(all, ZERO_MS + 15_000)).toEqual([third, 2_000]);
    expect(placeOf(all, ZERO_MS + 99_000)).toEqual([third, 12_000]);
    expect(placeOf([], ZERO_MS)).toBeUndefined();
  });

  it('goes on at the same time of day when what was live has become a stream of all parts', () => {
    const secondsAt = (clockMs: number): number => {
      const place = placeOf(all, clockMs);
      if (place === undefined) throw new Error('something was recorded');
      return secondsOf(all, ...place);
    };
    fc.assert(
      fc.property(fc.constantFrom(0, 2, 4), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (at, share) => {
        const { startMs = 0, endMs = 0 } = all[at] ?? {};
        const clockMs = startMs + share * (endMs - startMs);
        expect(clockOf(all, undefined, secondsAt(clockMs))).toBeCloseTo(clockMs, 3);
      }),
    );
    // Before its beginning, in what is missing, and after its end.
    expect([-1_000, 5_000, 11_000, 99_000].map((ms) => secondsAt(ZERO_MS + ms))).toEqual([0, 4, 8, 20]);
  });

  it('comes back to the same place, wherever it is pressed', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 2, 4), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (at, share) => {
        const one = all[at];
        if (one === undefined) throw new Error('there is none');
        const lastsMs = share * (one.endMs - one.startMs);
        const seconds = secondsOf(all, one, (one.atMs ?? 0) + lastsMs);
        expect(clockOf(all, undefined, seconds)).toBeCloseTo(one.startMs + lastsMs, 3);
      }),
    );
  });
});
