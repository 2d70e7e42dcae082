/** Of a cell's height. */
const TEXT_SHARE = 0.07;
const TEXT_MIN_PIXELS = 8;
const TEXT_MAX_PIXELS = 32;
/** Of the text's height: what letters take of a line at most, wide ones (of East Asia, pictures) and others. */
const WIDE_LETTER = 1.1;
const LETTER = 0.7;
/** The first of the wide ones. */
const WIDE_FROM = 0x1100;

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A name as it is burnt into a cell: on one line, and cut where it would leave the cell. */
export function burntName(
  name: string,
  cell: { readonly width: number; readonly height: number },
): { readonly text: string; readonly heightPixels: number } {
  const wanted = Math.round(cell.height * TEXT_SHARE);
  const heightPixels = Math.min(TEXT_MAX_PIXELS, Math.max(TEXT_MIN_PIXELS, wanted));
  // Of the box around it, and what keeps it from the cell's edge.
  const room = cell.width - 2 * heightPixels;
  const line = [...letters.segment(name.replaceAll(/[\s\p{Cc}\p{Cs}\p{Z}]+/gu, ' ').trim())].map(
    ({ segment }) => segment,
  );
  const widthOf = (some: readonly string[]): number =>
    heightPixels *
    some.reduce((sum, one) => sum + ((one.codePointAt(0) ?? 0) < WIDE_FROM ? LETTER : WIDE_LETTER), 0);
  if (widthOf(line) <= room) return { text: line.join(''), heightPixels };
  let kept = line.length;
  while (kept > 0 && widthOf([...line.slice(0, kept), '…']) > room) kept -= 1;
  return { text: kept === 0 ? '' : `${line.slice(0, kept).join('').trimEnd()}…`, heightPixels };
}
