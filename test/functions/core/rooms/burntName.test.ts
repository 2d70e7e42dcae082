import fc from 'fast-check';
import { expect, it } from 'vitest';
import { burntName } from '../../../../functions/core/rooms/burntName.ts';

const CELL = { width: 320, height: 180 };

it.each([
  ['Anna', 'Anna'],
  [' two\n lines\t', 'two lines'],
  ['a'.repeat(40), `${'a'.repeat(30)}…`],
  ['\u0000', ''],
])('%j is shown as %j', (name, text) => {
  expect(burntName(name, CELL)).toEqual({ text, heightPixels: 13 });
});

it('never leaves its cell, nor cuts a letter in two', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.record({ width: fc.integer({ min: 20, max: 1_280 }), height: fc.integer({ min: 12, max: 720 }) }),
      (name, cell) => {
        const { text, heightPixels } = burntName(name, cell);
        const letters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)];
        expect(letters.length * 0.7 * heightPixels).toBeLessThanOrEqual(
          Math.max(0, cell.width - 2 * heightPixels),
        );
        expect(text).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      },
    ),
  );
});
