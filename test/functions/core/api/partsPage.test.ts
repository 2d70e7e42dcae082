import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageToken } from '../../../../functions/core/api/pages.ts';
import { PARTS_MAX, partsPage } from '../../../../functions/core/api/partsPage.ts';

it('pages have each part once, in their order, whatever order they were read in', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 450 }), (ordinals) => {
      const parts = new Map(ordinals.map((part) => [part, {}]));
      const shown: number[] = [];
      let token: string | undefined;
      do {
        const page = partsPage({ parts }, token);
        expect(page.parts.length).toBeLessThanOrEqual(PARTS_MAX);
        shown.push(...page.parts);
        token = page.nextToken;
      } while (token !== undefined);
      expect(shown).toEqual(ordinals.toSorted((a, b) => a - b));
    }),
  );
});

it.each(['x', pageToken('parts/0'), pageToken('parts/1e3'), pageToken('state/index/1')])(
  'a token that no answer gave is refused: %s',
  (token) => {
    expect(() => partsPage({ parts: new Map() }, token)).toThrow(
      expect.objectContaining({ field: 'nextToken' }),
    );
  },
);
