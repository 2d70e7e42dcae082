import fc from 'fast-check';
import { expect, it } from 'vitest';
import { selectPictures, selectSound } from '../../../../../functions/core/media/clip/selection.ts';
import type { TimedSample } from '../../../../../functions/core/media/clip/trackCut.ts';

/** Frames of a stream, in the order in which they are decoded: a P frame before the B frames that are shown before it. */
const pictures = fc
  .tuple(
    fc.integer({ min: 20, max: 100 }),
    fc.array(fc.tuple(fc.nat(3), fc.boolean()), { minLength: 4, maxLength: 40 }),
  )
  .map(([frameMs, groups]) => {
    const samples: TimedSample[] = [];
    let shown = 0;
    const push = (place: number, sync: boolean): void => {
      const number = samples.length;
      const [startMs, endMs] = [place * frameMs, (place + 1) * frameMs];
      samples.push({
        ...{ number, offset: 100 * number, bytes: 100, decodeTime: number, duration: 1 },
        ...{ startMs, endMs, sync, compositionOffset: place - number + 3, startsRun: true },
      });
    };
    push(shown++, true);
    for (const [between, sync] of groups) {
      push(shown + between, sync);
      for (let b = 0; b < between; b++) push(shown + b, false);
      shown += between + 1;
    }
    return { samples, endMs: shown * frameMs };
  });

const shownIn = (samples: readonly TimedSample[], fromMs: number, toMs: number): number[] => {
  const selection = selectPictures(samples, { fromMs, toMs });
  if (selection === undefined) return [];
  return samples
    .filter(({ number }) => number >= selection.first && number <= selection.last)
    .filter(({ startMs }) => startMs >= fromMs - 0.5 && startMs < toMs - 0.5)
    .map(({ number }) => number);
};

it('clips that follow each other have every picture once, and what each is decoded from', () => {
  fc.assert(
    fc.property(
      pictures,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
      (found, cuts) => {
        const { samples, endMs } = found;
        const borders = [0, ...cuts.map((at) => Math.round(at * endMs)).sort((a, b) => a - b), endMs];
        const all = borders.slice(1).flatMap((toMs, place) => shownIn(samples, borders[place] ?? 0, toMs));
        expect(all.toSorted((a, b) => a - b)).toEqual(samples.map(({ number }) => number));
        for (const [place, toMs] of borders.slice(1).entries()) {
          const fromMs = borders[place] ?? 0;
          const selection = selectPictures(samples, { fromMs, toMs });
          if (selection === undefined) continue;
          const first = samples[selection.first];
          expect(first?.sync).toBe(true);
          // No later one would do.
          const later = samples.slice(selection.first + 1).find(({ sync }) => sync);
          if (later !== undefined && selection.first > 0) expect(later.startMs).toBeGreaterThan(fromMs + 0.5);
          expect(selection.hasHiddenTail).toBe(
            samples.slice(selection.first, selection.last + 1).some(({ startMs }) => startMs >= toMs - 0.5),
          );
        }
      },
    ),
  );
});

it('sound begins four frames before it is heard, and ends with the frame that is cut', () => {
  const samples = Array.from({ length: 100 }, (_, number) => ({
    ...{ number, offset: 10 * number, bytes: 10, decodeTime: number, duration: 1 },
    ...{ startMs: 20 * number, endMs: 20 * (number + 1), sync: true, compositionOffset: 0, startsRun: true },
  }));
  const found = selectSound(samples, { fromMs: 1_010, toMs: 1_210 }, true);
  expect(found).toEqual({
    ...{ first: 46, last: 60, startMs: 1_010, endMs: 1_210, hasHiddenTail: false },
    ...{ fromByte: 460, endByte: 610 },
  });
});
