import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  goneBackBy,
  mayBeAnew,
  pausedFromMs,
  type SegmentFacts,
  seamBetween,
  withTrackThatGoesOn,
} from '../../../../functions/core/hls/seam.ts';

const facts = (changes: Partial<SegmentFacts> = {}): SegmentFacts => ({
  kind: 'ts',
  setup: '256 h264',
  startMs: 10_000,
  durationMs: 2_000,
  dateMs: undefined,
  isDiscontinuity: false,
  missedMs: 0,
  foundAtMs: 0,
  seenAtMs: 0,
  ...changes,
});
const next = (changes: Partial<SegmentFacts> = {}): SegmentFacts => facts({ startMs: 12_000, ...changes });
const WRAP_MS = 2 ** 33 / 90;

describe('what a clock goes back by with the next segment', () => {
  it.each<[string, Partial<SegmentFacts>, number, number]>([
    ['while another goes on by the old one', { startMs: 2_000 }, 12_000, 10_000],
    ['to where the one before began', { startMs: 10_000 }, 12_000, 2_000],
    ['while another goes on with what was there last', { startMs: 8_000 }, 9_900, 4_000],
    ['as another has', { startMs: 2_000 }, 2_040, 0],
    ['by what segments overlap', { startMs: 11_000 }, 12_000, 0],
    ['not, but ahead', { startMs: 90_000 }, 12_000, 0],
    ['nobody knows where to', { startMs: undefined }, 12_000, 0],
  ])('%s', (_what, changes, otherMs, backMs) => {
    expect(goneBackBy(facts(), next(changes), otherMs)).toBe(backMs);
  });
});

describe('a segment of several tracks', () => {
  it.each<[string, Partial<SegmentFacts>, number]>([
    ['that goes on, where sound is of another publisher already', { startsMs: [2_000, 12_040] }, 12_040],
    ['that goes on, where sound is ahead already', { startsMs: [12_040, 90_000] }, 12_040],
    ['that is the first, where both go on', { startsMs: [11_900, 12_040] }, 11_900],
    ['that is the first, where none goes on', { startsMs: [2_000, 2_040] }, 2_000],
  ])('begins with the one %s', (_what, { startsMs }, startMs) => {
    const following = next({ kind: 'fmp4', startMs: startsMs?.[0], startsMs });
    expect(withTrackThatGoesOn(facts({ kind: 'fmp4' }), following).startMs).toBe(startMs);
  });
});

describe('what lies between two segments goes with the next one', () => {
  it.each<[string, Partial<SegmentFacts>, number | undefined]>([
    ['from its beginning, where there is no pause', {}, 12_000],
    ['from the end of the one before, in a pause', { startMs: 14_500 }, 12_000],
    ['from its beginning, where they overlap', { startMs: 11_900 }, 11_900],
    ['from its beginning, where its clock is another one', { startMs: 90_000 }, 90_000],
    ['nobody knows from when', { startMs: undefined }, undefined],
  ])('%s', (_what, changes, fromMs) => {
    const following = next(changes);
    expect(pausedFromMs(facts(), following, seamBetween(facts(), following))).toBe(fromMs);
  });

  it('from its beginning, where nothing was before', () => {
    expect(pausedFromMs(undefined, next(), { kind: 'none' })).toBe(12_000);
  });
});

describe('the seam between two segments', () => {
  it.each<[string, Partial<SegmentFacts>]>([
    ['that follow each other', {}],
    ['whose durations are rounded', { startMs: 12_900 }],
    ['called a discontinuity that is none', { isDiscontinuity: true, startMs: 12_040 }],
    ['with a hole of some seconds', { startMs: 20_000 }],
    ['the second of which does not show its program', { setup: undefined }],
  ])('%s is none', (_what, changes) => {
    expect(seamBetween(facts(), next(changes))).toEqual({ kind: 'none' });
  });

  it.each<[string, Partial<SegmentFacts>, boolean]>([
    ['may be another clock where it steps back by most of a segment', { startMs: 10_700 }, true],
    ['may be another clock where it steps ahead', { startMs: 12_500 }, true],
    ['is none where its clock goes on', { startMs: 12_200 }, false],
    ['is told where it goes back behind the one before', { startMs: 9_000 }, false],
  ])('%s', (_what, changes, isUnsure) => {
    expect(mayBeAnew(facts(), next(changes))).toBe(isUnsure);
  });

  it('is a new timeline where numbers have begun again, however well its time fits', () => {
    // Who looks at it long after it had come was busy: by its time nothing is missing.
    const restart = { isDiscontinuity: true, isRestart: true, foundAtMs: 60_000 };
    expect(seamBetween(facts(), next(restart))).toEqual({ kind: 'newTimeline', gapMs: 0 });
  });

  it.each(['ts', 'aac', 'ac3'] as const)('is none over the end of the transport stream clock: %s', (kind) => {
    const before = facts({ kind, startMs: WRAP_MS - 500 });
    expect(seamBetween(before, facts({ kind, startMs: 1_500 }))).toEqual({ kind: 'none' });
  });

  it.each<[string, Partial<SegmentFacts>]>([
    ['another kind', { kind: 'fmp4', setup: 'x' }],
    ['another program', { setup: '257 hevc' }],
    ['some that are missing', { startMs: 18_000, missedMs: 6_000 }],
  ])('with %s keeps the time', (_what, changes) => {
    expect(seamBetween(facts(), next(changes))).toEqual({ kind: 'sameTimeline' });
  });

  it.each<[string, Partial<SegmentFacts>]>([
    ['a discontinuity', { isDiscontinuity: true, startMs: 0 }],
    ['times that jump back', { startMs: 9_000 }],
    ['times that jump ahead', { startMs: 3_600_000 }],
    ['no times, and a discontinuity', { isDiscontinuity: true, startMs: undefined }],
  ])('with %s begins another timeline right behind', (_what, changes) => {
    expect(seamBetween(facts(), next(changes))).toEqual({ kind: 'newTimeline', gapMs: 0 });
  });

  it('where times go back to about where a short one began begins another timeline', () => {
    const short = facts({ durationMs: 1_000 });
    expect(seamBetween(short, facts({ startMs: 10_200 }))).toEqual({ kind: 'newTimeline', gapMs: 0 });
    expect(seamBetween(short, facts({ startMs: 10_300 }))).toEqual({ kind: 'none' });
  });

  it('tells the gap of what is missing, by the playlist, by dates, or by the clock', () => {
    const jump = { isDiscontinuity: true, startMs: 0 };
    const gapMs = (before: SegmentFacts, after: SegmentFacts): unknown => seamBetween(before, after);
    expect(gapMs(facts(), next({ ...jump, missedMs: 4_000 }))).toEqual({ kind: 'newTimeline', gapMs: 4_000 });
    const dated = next({ ...jump, dateMs: 17_500, foundAtMs: 7_000 });
    expect(gapMs(facts({ dateMs: 10_000 }), dated)).toEqual({ kind: 'newTimeline', gapMs: 5_500 });
    expect(gapMs(facts(), next({ ...jump, foundAtMs: 30_000 }))).toEqual({
      kind: 'newTimeline',
      gapMs: 28_000,
    });
    // Who looked late saw the segment before later than it could have been had, and with it others.
    expect(gapMs(facts({ seenAtMs: 26_000 }), next({ ...jump, foundAtMs: 30_000 }))).toEqual({
      kind: 'newTimeline',
      gapMs: 0,
    });
    // A date far off is no gap that anybody waited for.
    const lying = next({ ...jump, dateMs: 99_999_999 });
    expect(gapMs(facts({ dateMs: 0 }), lying)).toEqual({ kind: 'newTimeline', gapMs: 0 });
  });

  it('never has a gap below zero, whatever the facts', () => {
    const any = fc.record({
      kind: fc.constantFrom('ts', 'fmp4', 'aac'),
      setup: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
      startMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
      durationMs: fc.nat(60_000),
      dateMs: fc.option(fc.integer(), { nil: undefined }),
      isDiscontinuity: fc.boolean(),
      missedMs: fc.nat(60_000),
      foundAtMs: fc.nat(1e9),
      seenAtMs: fc.nat(1e9),
    }) as fc.Arbitrary<SegmentFacts>;
    fc.assert(
      fc.property(any, any, (before, after) => {
        const seam = seamBetween(before, after);
        if (seam.kind === 'newTimeline') expect(seam.gapMs).toBeGreaterThanOrEqual(0);
        if (seam.kind === 'none') expect(before.kind).toBe(after.kind);
      }),
    );
  });
});
