import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History } from '../../../clients/web/history.ts';

it('keeps what was told once, from the first to the last, in no more than so many samples', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 3_000 }), (steps) => {
      const history = new History<{ readonly atMs: number }>();
      const told = new Set<number>();
      let atMs = 0;
      for (const step of steps) {
        atMs += step;
        told.add(atMs);
        history.note('one', { atMs });
        history.note('one', { atMs: atMs - 1 });
      }
      const kept = history.of('one').map((sample) => sample.atMs);
      expect(kept.length).toBeLessThanOrEqual(1_000);
      expect([kept[0], kept.at(-1)]).toEqual([Math.min(...told), Math.max(...told)]);
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
      if (told.size <= 1_000) expect(kept).toEqual([...told]);
    }),
    { numRuns: 50 },
  );
});

it('forgets those of which nothing was told for longest', () => {
  const history = new History<{ readonly atMs: number }>();
  for (let n = 0; n < 500; n++) history.note(`${n}`, { atMs: n });
  history.note('0', { atMs: 1_000 });
  history.note('another', { atMs: 1_001 });
  expect([history.of('0').length, history.of('1').length, history.of('another').length]).toEqual([2, 0, 1]);
});
