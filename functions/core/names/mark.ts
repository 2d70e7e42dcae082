import { createHash } from 'node:crypto';

/**
 * The short hash that ends a name which could not say all of its values: `-z` and 40 bits of a SHA-256 in the digits
 * of base 32 (`0-9a-v`, so no z). No other name of ours ends so (`looksMarked`), so the two kinds never meet.
 */
const PREFIX = '-z';
const HASH_CHARS = 8;
const HEX_CHARS = 10;
const MARK_PATTERN = /-z[0-9a-v]{8}$/;

export const MARK_BYTES = PREFIX.length + HASH_CHARS;

/** The same values, the same mark: of each element once, the whole value before anything is cut. */
export function markOfPieces(
  pieces: readonly { readonly element?: string; readonly value: string }[],
): string {
  const values = new Map<string, string>();
  for (const { element, value } of pieces) if (element !== undefined) values.set(element, value);
  return markOf(JSON.stringify([...values]));
}

export function markOf(text: string): string {
  const hex = createHash('sha256').update(text, 'utf8').digest('hex').slice(0, HEX_CHARS);
  return `${PREFIX}${BigInt(`0x${hex}`).toString(32).padStart(HASH_CHARS, '0')}`;
}

export function looksMarked(text: string): boolean {
  return MARK_PATTERN.test(text);
}
