import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LIVE_TIMELINE,
  STORED_TIMELINE,
} from '../../../../../functions/core/media/timeline/timelineOptions.ts';
import {
  expectMonotone,
  lastOf,
  made,
  offBy,
  place,
  type Sent,
  SOUND,
  type TrackName,
  VIDEO,
} from './sentSamples.ts';

describe('SourceTimeline', () => {
  it('leaves what is not wrong as it is, to the unit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e10 }),
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 300, maxLength: 300 }),
        (baseMs, jitter) => {
          const sent = made(10).map((one, i) => ({
            ...one,
            rawMs: one.rawMs + baseMs,
            arrivedAtMs: one.arrivedAtMs + (jitter[i % jitter.length] ?? 0),
          }));
          const { placed, jumps } = place(sent);
          // One expectation of thousands costs more than what it looks at.
          expect(Math.max(...placed.map(({ placedMs, rawMs }) => Math.abs(placedMs - rawMs)))).toBeLessThan(
            0.02,
          );
          expect(jumps).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('leaves pictures that come at any rate as they are', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 2, max: 2_400 })), {
      minLength: 2,
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (given) => {
        let trueMs = 0;
        const sent = given.map((step): Sent => {
          trueMs += step;
          return { track: VIDEO, trueMs, rawMs: trueMs, arrivedAtMs: trueMs };
        });
        for (const { placedMs, rawMs } of place(sent).placed) expect(placedMs).toBeCloseTo(rawMs, 5);
      }),
    );
  });

  it.each([2, 4, 8, 25])('bursts of %i samples with one time are spread', (size) => {
    const every = size * 40;
    const sent = made(20).map((one) => {
      const rawMs = Math.floor(one.rawMs / every) * every;
      return { ...one, rawMs, arrivedAtMs: rawMs + every };
    });
    const { placed, jumps } = place(sent);
    expectMonotone(placed);
    const settled = placed.filter(({ trueMs }) => trueMs > 3_000);
    expect(Math.max(...settled.map((one) => Math.abs(offBy(one))))).toBeLessThan(60);
    expect(jumps).toEqual([]);
  });

  it('pictures that begin with the last one of a burst are no later than they were made', () => {
    const every = 7 * 40;
    const sent = made(10)
      .filter(({ track, trueMs }) => track === VIDEO && trueMs >= every - 40)
      .map((one) => ({ ...one, rawMs: Math.floor(one.rawMs / every) * every, arrivedAtMs: 10_000 }));
    expect(Math.max(...place(sent, STORED_TIMELINE).placed.map(offBy))).toBeLessThan(60);
  });

  it.each([2 ** 32, 2 ** 33 / 90])('a counter that ends at %f ms goes on without a seam', (endMs) => {
    const sent = made(20).map((one) => ({ ...one, rawMs: (one.rawMs + endMs - 9_000) % endMs }));
    const { placed, jumps } = place(sent);
    for (const one of placed) expect(Math.abs(offBy(one) - (endMs - 9_000))).toBeLessThan(0.02);
    expect(jumps).toEqual([]);
  });

  it('a track that was silent comes back in sync, and one that comes late is, too', () => {
    const sent = made(40).filter(
      ({ track, trueMs }) => track === VIDEO || (trueMs > 5_000 && (trueMs < 10_000 || trueMs > 35_000)),
    );
    const { placed } = place(sent);
    for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(0.02);
  });

  it('what was held back until the source was opened stays as it is, however far apart', () => {
    const sent = Array.from({ length: 8 }, (_, i): Sent => {
      const trueMs = i * 4_000;
      return { track: VIDEO, trueMs, rawMs: 70_000 + trueMs, arrivedAtMs: Math.max(4_000, trueMs) };
    });
    const { placed, jumps } = place(sent, { ...LIVE_TIMELINE, connectedAtMs: 0 });
    for (const { placedMs, rawMs } of placed) expect(placedMs).toBeCloseTo(rawMs, 5);
    expect(jumps).toEqual([]);
  });

  it.each([6_000, 60_000])(
    'a picture each %i ms, of which the last ones are held back, stays as it is',
    (stepMs) => {
      const count = 9;
      const sent = Array.from({ length: count }, (_, i): Sent => {
        const heldUntil = Math.min(i + 2, count - 1);
        return { track: VIDEO, trueMs: i * stepMs, rawMs: i * stepMs, arrivedAtMs: heldUntil * stepMs };
      });
      const { placed, jumps } = place(sent, { ...LIVE_TIMELINE, connectedAtMs: 0 });
      for (const one of placed) expect(offBy(one)).toBeCloseTo(0, 5);
      expect(jumps).toEqual([]);
    },
  );

  it("what a server's cache, or a stall, sends in a burst stays as it is", () => {
    const sent = made(30).map((one) => {
      const { trueMs } = one;
      const arrivedAtMs = trueMs < 6_000 ? 6_000 : trueMs > 12_000 && trueMs < 22_000 ? 22_000 : trueMs;
      return { ...one, arrivedAtMs };
    });
    // The server has dropped some of what it had for us while we were stalled.
    const kept = sent.filter(({ trueMs }) => trueMs < 13_000 || trueMs > 21_000);
    const { placed, jumps } = place(kept);
    for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(0.02);
    expect(jumps).toEqual([]);
  });

  it('sound that another encoder goes on with, late and with its priming in front, stays in sync', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 8_000 }),
        fc.double({ min: 0, max: 140, noNaN: true }),
        (lateMs, primingMs) => {
          const fromMs = 4_000;
          const sent = made(12).map((one) =>
            one.track === SOUND && one.trueMs >= fromMs
              ? { ...one, rawMs: one.trueMs - primingMs, arrivedAtMs: Math.max(one.trueMs, fromMs + lateMs) }
              : one,
          );
          const { placed, jumps } = place(sent.toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs));
          expect(jumps).toEqual([]);
          expectMonotone(placed);
          expect(Math.abs(offBy(lastOf(placed, SOUND)) + primingMs)).toBeLessThan(1);
        },
      ),
    );
  });

  it('a playlist that leaves something out is believed', () => {
    const sent = made(60)
      .filter(({ trueMs }) => trueMs < 10_000 || trueMs > 40_000)
      .map((one) => ({ ...one, arrivedAtMs: 0 }));
    const { placed, jumps } = place(sent, STORED_TIMELINE);
    for (const one of placed) expect(Math.abs(offBy(one))).toBeLessThan(0.02);
    expect(jumps).toEqual([]);
  });

  it('whatever the times are, each is later than the one before, and not further on than the clock', () => {
    const anyTime = fc.oneof(
      fc.double(),
      fc.integer({ min: -1_000, max: 100_000 }),
      fc.constantFrom(2 ** 53, -(2 ** 63), 2 ** 63, 0, 2 ** 33),
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ track: fc.constantFrom<TrackName>(VIDEO, SOUND), rawMs: anyTime }), {
          minLength: 1,
          maxLength: 300,
        }),
        (samples) => {
          const sent = samples.map((one, i) => ({ ...one, trueMs: 20 * i, arrivedAtMs: 20 * i }));
          const { placed } = place(sent);
          expect(placed).toHaveLength(samples.length);
          for (const { placedMs } of placed) expect(Number.isFinite(placedMs)).toBe(true);
          expectMonotone(placed);
          const times = placed.map(({ placedMs }) => placedMs);
          const spanMs = Math.max(...times) - Math.min(...times);
          expect(spanMs).toBeLessThanOrEqual(BOUND_MS + 60 * samples.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('all lies together: nothing is lost, sync is kept, and the length is what was made', () => {
    const lies = fc.array(
      fc.record({
        atMs: fc.integer({ min: 2_000, max: 110_000 }),
        byMs: fc.oneof(fc.integer({ min: 12_000, max: 1e9 }), fc.integer({ min: -1e9, max: -12_000 })),
        awayMs: fc.constantFrom(0, 0, 0, 3_000, 8_000),
      }),
      { maxLength: 5 },
    );
    const strays = fc.constantFrom(0, 50, 130);
    const jitter = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(lies, strays, jitter, (given, strayEvery, jitters) => {
        const told = given.filter(
          ({ atMs }, i) => !given.slice(0, i).some((one) => Math.abs(one.atMs - atMs) < 9_000),
        );
        const sent = made(120)
          .filter(({ trueMs }) => !told.some(({ atMs, awayMs }) => trueMs >= atMs && trueMs < atMs + awayMs))
          .map((one, i) => {
            const byMs = told.reduce((sum, lie) => sum + (one.trueMs >= lie.atMs ? lie.byMs : 0), 0);
            const isStray = strayEvery > 0 && i % strayEvery === strayEvery - 1 && one.track === VIDEO;
            return {
              ...one,
              rawMs: one.rawMs + byMs + 2e9 + (isStray ? 4e9 : 0),
              arrivedAtMs: one.arrivedAtMs + (jitters[i % jitters.length] ?? 0),
            };
          });
        const { placed } = place(sent, LIVE_TIMELINE);
        expectMonotone(placed);
        const [video, sound] = [offBy(lastOf(placed, VIDEO)), offBy(lastOf(placed, SOUND))];
        expect(Math.abs(video - 2e9)).toBeLessThan(50 + 250 * told.length);
        expect(Math.abs(video - sound)).toBeLessThan(25);
      }),
      { numRuns: 60 },
    );
  });
});

/** By what the first time of a track may be behind others', and what may be ahead of the clock. */
const BOUND_MS = 45_000 + LIVE_TIMELINE.aheadMaxMs;
