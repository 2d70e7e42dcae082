import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Known,
  KnownSamples,
  type Run,
} from '../../../../../functions/core/media/timeline/knownSamples.ts';

const KEPT_MIN = 2_048;
const KEPT_MAX = 4_096;

/** Samples of some connections, one after the other, of which some are recorded. */
function samplesOf(lengths: readonly number[], isRecorded: (connection: number) => boolean): Known[] {
  return lengths.flatMap((length, connection) => {
    const run: Run = { zeroAtMs: isRecorded(connection) ? connection * 1_000 : undefined };
    return Array.from({ length }, (_, place) => ({
      print: place % 7 === 0 ? undefined : place % 50,
      run,
      timeMs: place * 40,
      placedMs: place * 40 + 0.5,
    }));
  });
}

const held = (known: KnownSamples): (Known | undefined)[] =>
  Array.from({ length: known.length }, (_, place) => known.at(place));

describe('KnownSamples', () => {
  it('has the latest samples as they were put in, whatever connections they came over', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 3 }), (counts, every) => {
        const samples = samplesOf(counts, (connection) => connection % every === 0);
        const known = new KnownSamples();
        for (const sample of samples) known.push(sample);
        expect(known.length).toBeGreaterThanOrEqual(Math.min(samples.length, KEPT_MIN));
        expect(known.length).toBeLessThanOrEqual(KEPT_MAX);
        const latest = samples.slice(-known.length);
        expect(held(known)).toEqual(latest);
        expect(known.at(-1)).toEqual(samples.at(-1));
        // Which run is told by the run itself: others may have begun at the same time.
        expect(latest.every(({ run }, place) => known.at(place)?.run === run)).toBe(true);
        expect(known.alike(8)).toEqual(latest.flatMap(({ print }, place) => (print === 8 ? [place] : [])));
        expect(held(known.recorded())).toEqual(latest.filter(({ run }) => run.zeroAtMs !== undefined));
      }),
      { numRuns: 20 },
    );
  });

  it('has nothing where nothing is', () => {
    const known = new KnownSamples();
    expect([known.at(0), known.at(-1), known.length]).toEqual([undefined, undefined, 0]);
    known.push({ print: 1, run: { zeroAtMs: 0 }, timeMs: 0, placedMs: 0 });
    expect([known.at(1), known.at(-2)]).toEqual([undefined, undefined]);
  });

  it('gives what is recorded by itself: what comes later is not in it', () => {
    const run: Run = { zeroAtMs: 0 };
    const known = new KnownSamples();
    known.push({ print: 1, run, timeMs: 0, placedMs: 0 });
    const recorded = known.recorded();
    known.push({ print: 2, run, timeMs: 40, placedMs: 40 });
    expect([recorded.length, known.length]).toEqual([1, 2]);
  });
});
