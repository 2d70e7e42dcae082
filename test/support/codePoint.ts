import fc from 'fast-check';

const SURROGATES_FROM = 0xd800;
const SURROGATES = 0x800;
const LAST = 0x10ffff;

/**
 * Any character of Unicode, for `fc.string({ unit: CODE_POINT })`. It draws what fast-check's own unit `binary` does; that
 * one makes a table of all 1.1 million characters first, in each process: a second of work, and much for a garbage
 * collector to look through from then on.
 */
export const CODE_POINT: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: LAST - SURROGATES })
  .map((n) => String.fromCodePoint(n < SURROGATES_FROM ? n : n + SURROGATES), numberOf);

/** @throws Error if it is not one character: fast-check asks what a string may consist of */
function numberOf(text: unknown): number {
  const [first, ...others] = typeof text === 'string' && text.isWellFormed() ? [...text] : [];
  const codePoint = first?.codePointAt(0);
  if (codePoint === undefined || others.length > 0) throw new Error('It is not one character.');
  return codePoint < SURROGATES_FROM ? codePoint : codePoint - SURROGATES;
}
