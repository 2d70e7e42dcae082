import stringWidth from 'string-width';

/** Text from elsewhere, of which nothing moves a terminal's cursor, ends the line or turns its direction. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** As much of a line as so many columns show; a character may take two of them. */
export function fitted(line: string, columns: number): string {
  if (stringWidth(line) <= columns) return line;
  let kept = '';
  let width = 0;
  for (const { segment } of segmenter.segment(line)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
