import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CODE_POINT } from './codePoint.ts';

it('is any character, and no half of one', () => {
  const drawn = fc.sample(CODE_POINT, 1_000);
  expect(drawn.filter((one) => !one.isWellFormed() || [...one].length !== 1)).toEqual([]);
  expect(drawn.some((one) => one < '\u{d800}')).toBe(true);
  expect(drawn.some((one) => one > '\u{e000}')).toBe(true);
});

it.each([
  ['\0\ud7ff\ue000\u{10ffff}', true],
  ['__proto__', true],
  ['a\ud800', false],
])('strings of it may be %j: %s', (text, may) => {
  expect(fc.string({ unit: CODE_POINT }).canShrinkWithoutContext(text)).toBe(may);
});
