import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimedData } from '../../../../../functions/core/media/tracks/timedData.ts';

const PERIOD_MS = 2 ** 33 / 90;
const SOURCES = [{ codec: 'klv' }] as const;
const data = Buffer.from('x');
const item = (sentMs: number) => ({ dts: sentMs * 90, data });

describe('timed metadata between pictures', () => {
  it('is where pictures of its time are, whatever clocks have been left, and wherever a clock begins again', () => {
    const clocks = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(clocks, fc.nat(), fc.integer({ min: -900, max: 900 }), (hundreds, which, besideMs) => {
        const timed = new TimedData(SOURCES);
        // Each clock is far from all others, and is placed right behind the one before.
        const sent = hundreds.map((hundred) => hundred * 100_000);
        for (const [i, sentMs] of sent.entries()) timed.see(sentMs, 1_000 * i + 10_000);
        const at = which % sent.length;
        const sentMs = ((sent[at] as number) + besideMs + PERIOD_MS) % PERIOD_MS;
        timed.push(0, item(sentMs), 0);
        const [taken] = timed.take(Number.POSITIVE_INFINITY, 0).items;
        expect(taken?.atMs).toBeCloseTo(1_000 * at + 10_000 + besideMs, 3);
        expect(taken?.shiftMs).toBeCloseTo(1_000 * at + 10_000 - (sent[at] as number), 3);
      }),
      { numRuns: 100 },
    );
  });

  it('waits for its time, ten seconds at most, and then comes at the end of what there is', () => {
    const timed = new TimedData(SOURCES);
    timed.see(1_000, 0);
    timed.push(0, item(1_500), 0);
    timed.push(1, item(60_000), 0);
    expect(timed.take(500, 0).items).toEqual([]);
    expect(timed.take(600, 0).items.map(({ source, atMs }) => [source, atMs])).toEqual([[0, 500]]);
    expect(timed.take(9_000, 9_999).items).toEqual([]);
    expect(timed.take(9_500, 10_000).items.map(({ source, atMs }) => [source, atMs])).toEqual([[1, 9_500]]);
  });

  it('has the time of the last picture where the source says none', () => {
    const timed = new TimedData(SOURCES);
    timed.see(7_000, 300);
    timed.push(0, item(Number.NaN), 0);
    expect(timed.take(400, 0).items.map(({ atMs }) => atMs)).toEqual([300]);
  });

  it('is held within a megabyte: what comes before any picture is given up, what comes later is not waited for', () => {
    const large = { dts: 0, data: Buffer.alloc(300 * 1024) };
    const before = new TimedData(SOURCES);
    for (let i = 0; i < 5; i++) before.push(i, large, 0);
    before.see(0, 0);
    expect(before.take(1, 0).items.map(({ source }) => source)).toEqual([2, 3, 4]);
    const later = new TimedData(SOURCES);
    later.see(0, 0);
    for (let i = 0; i < 3; i++) later.push(i, { ...large, dts: 900_000 }, 0);
    expect(later.take(1, 0).items).toEqual([]);
    later.push(3, { ...large, dts: 900_000 }, 0);
    expect(later.take(1, 0).items.map(({ source, atMs }) => [source, atMs])[0]).toEqual([0, 1]);
  });
});
