import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeName, normalizeValue } from '../../../../functions/core/names/codec.ts';
import { contentDisposition } from '../../../../functions/core/relocation/contentDisposition.ts';
import { anyText } from '../names/arbitraries.ts';

it.each([
  ['camera%201.mp4', 'inline; filename="camera 1.mp4"'],
  ['ä.mp4', `inline; filename="a_.mp4"; filename*=UTF-8''%C3%A4.mp4`],
  ['%22x%22.mp4', `inline; filename="_x_.mp4"; filename*=UTF-8''%22x%22.mp4`],
  ['a%2F..%2Fb%0D%0Ax.mp4', 'inline; filename="a_.._b__x.mp4"'],
])('%s', (name, expected) => {
  expect(contentDisposition(name)).toBe(expected);
});

it('is one line of ASCII, and says the readable name', () => {
  fc.assert(
    fc.property(anyText(60), (text) => {
      const value = contentDisposition(`${encodeName(text)}.mp4`);
      expect(value).toMatch(
        /^inline; filename="[\x20-\x21\x23-\x7e]*"(?:; filename\*=UTF-8''[\x21-\x7e]*)?$/,
      );
      const extended = /filename\*=UTF-8''(.*)$/.exec(value)?.[1];
      const readable = extended === undefined ? /"(.*)"/.exec(value)?.[1] : decodeURIComponent(extended);
      expect(readable).not.toMatch(/[/\\\p{Cc}]/u);
      // As it was, but for what no file name may have.
      const lengthOf = (name: string): number => [...name].length;
      expect(lengthOf(readable ?? '')).toBe(lengthOf(`${normalizeValue(text)}.mp4`));
    }),
  );
});
