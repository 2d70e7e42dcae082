import { describe, expect, it } from 'vitest';
import { expectMonotone, lastOf, made, offBy, place, type Sent, SOUND, VIDEO } from './sentSamples.ts';

const HOUR_MS = 3_600_000;

describe('SourceTimeline, of clocks that jump', () => {
  it.each([HOUR_MS, -HOUR_MS, 10_000, -2_000, 1e12])('a jump of %i ms is taken out', (byMs) => {
    const sent = made(16).map((one) => ({
      ...one,
      rawMs: one.rawMs + 5_000_000 + (one.trueMs < 8_000 ? 0 : byMs),
    }));
    const { placed, jumps } = place(sent);
    expectMonotone(placed);
    expect(Math.max(...placed.map((one) => Math.abs(offBy(one) - 5_000_000)))).toBeLessThan(45);
    expect(jumps).toHaveLength(1);
    expect(jumps[0]?.gapMs).toBe(0);
    expect(Math.abs((jumps[0]?.byMs ?? 0) - byMs)).toBeLessThan(45);
    expect(Math.abs((jumps[0]?.atMs ?? 0) - 5_008_000)).toBeLessThan(45);
  });

  it.each([
    [-52_000, 2 ** 33 / 90, 1],
    [-50_000, 2 ** 32, 1],
    [700_000, 2 ** 33 / 90, -1],
    [-52_000, 2 ** 33 / 90, 2],
  ])(
    'a jump of %i ms that is counted a turn of %d ms further for sound, times %i, keeps sync to the unit',
    (byMs, turnMs, turns) => {
      const sent = made(24).map((one) => {
        const jumps = Math.floor(one.trueMs / 8_000);
        const turned = one.track === SOUND ? turns * turnMs : 0;
        return { ...one, rawMs: one.rawMs + 5_000_000 + jumps * (byMs + turned) };
      });
      const { placed, jumps } = place(sent);
      expectMonotone(placed);
      expect(Math.abs(offBy(lastOf(placed, VIDEO)) - offBy(lastOf(placed, SOUND)))).toBeLessThan(0.05);
      expect(jumps).toHaveLength(2);
    },
  );

  it.each([-480, -300, 0])(
    'a jump back to where a clock that was left would be, or %i ms before it, loses nothing',
    (besideMs) => {
      const sent = made(24).map((one) => {
        const byMs = one.trueMs < 8_000 ? 0 : one.trueMs < 16_000 ? 33_459 : besideMs;
        return { ...one, rawMs: one.rawMs + 5_000_000 + byMs };
      });
      const { placed } = place(sent);
      expectMonotone(placed);
      expect(Math.max(...placed.map((one) => Math.abs(offBy(one) - 5_000_000)))).toBeLessThan(45);
    },
  );

  it.each([2 ** 33 / 90, 2 ** 32])(
    'who begins anew a while before a counter of %d ms comes to its end is taken for no turn of it',
    (turnMs) => {
      const [untilMs, awayMs, leftMs] = [10_000, 1_500, 3_500];
      const fromMs = turnMs - leftMs - untilMs;
      const sent = made(20)
        .filter(({ trueMs }) => trueMs < untilMs || trueMs >= untilMs + awayMs)
        .map((one) => ({
          ...one,
          rawMs: one.trueMs < untilMs ? one.rawMs + fromMs : one.rawMs - untilMs - awayMs,
        }));
      const { placed } = place(sent);
      expectMonotone(placed);
      expect(Math.max(...placed.map((one) => Math.abs(offBy(one) - fromMs)))).toBeLessThan(45);
    },
  );

  it('what is missing in truth stays missing, whatever the times say', () => {
    const away = 7_300;
    const sent = made(30)
      .filter(({ trueMs }) => trueMs < 10_000 || trueMs >= 10_000 + away)
      .map((one) => ({ ...one, rawMs: one.trueMs < 10_000 ? one.rawMs : one.rawMs - 10_000 - away }));
    const { placed, jumps } = place(sent);
    expectMonotone(placed);
    expect(Math.abs(offBy(lastOf(placed, VIDEO)))).toBeLessThan(60);
    expect(Math.abs(offBy(lastOf(placed, SOUND)) - offBy(lastOf(placed, VIDEO)))).toBeLessThan(1);
    expect(jumps).toHaveLength(1);
    expect(Math.abs((jumps[0]?.gapMs ?? 0) - away)).toBeLessThan(60);
  });

  it('also when the last samples before the pause were held back until after it', () => {
    const sent = made(20)
      .filter(({ trueMs }) => trueMs < 6_000 || trueMs >= 7_500)
      .map((one) => ({
        ...one,
        rawMs: one.trueMs < 6_000 ? one.rawMs : one.rawMs - 7_500,
        arrivedAtMs: one.trueMs > 5_940 && one.trueMs < 6_000 ? 7_500 : one.arrivedAtMs,
      }));
    const { placed, jumps } = place(sent);
    expectMonotone(placed);
    expect(Math.abs(offBy(lastOf(placed, VIDEO)))).toBeLessThan(100);
    expect(Math.abs((jumps[0]?.gapMs ?? 0) - 1_500)).toBeLessThan(150);
  });

  it.each([-9_800_000, 9_800_000, 20_000, -20_000, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 62])(
    'single frames stamped %f ms off are mended, and nothing is told',
    (offMs) => {
      let frame = 0;
      const sent = made(20).map((one) => {
        const isStray = one.track === VIDEO && frame++ % 50 === 49;
        return isStray ? { ...one, rawMs: one.rawMs + offMs } : one;
      });
      const { placed, jumps } = place(sent);
      expectMonotone(placed);
      expect(Math.max(...placed.map((one) => Math.abs(offBy(one))))).toBeLessThan(45);
      expect(jumps).toEqual([]);
    },
  );

  it.each([HOUR_MS, -HOUR_MS])(
    'a frame stamped %i ms off that is the first after a stall is forgotten, and sync comes back',
    (offMs) => {
      const stall = { from: 6_000, until: 7_500 };
      const sent = made(20).map((one): Sent => {
        const isStray = one.track === VIDEO && one.trueMs === stall.from;
        const isHeld = one.trueMs >= stall.from && one.trueMs < stall.until;
        return {
          ...one,
          rawMs: one.rawMs + (isStray ? offMs : 0),
          arrivedAtMs: isHeld ? stall.until : one.arrivedAtMs,
        };
      });
      const { placed } = place(sent);
      expectMonotone(placed);
      const isThere = ({ trueMs }: Sent): boolean => trueMs < stall.from || trueMs > stall.from + 3_000;
      expect(Math.max(...placed.filter(isThere).map((one) => Math.abs(offBy(one))))).toBeLessThan(45);
    },
  );
});
