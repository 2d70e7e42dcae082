import fc from 'fast-check';
import { expect, it } from 'vitest';
import { continuation } from '../../../../functions/core/journal/continuation.ts';

const ranges = fc.array(fc.record({ offset: fc.nat(60), bytes: fc.integer({ min: 1, max: 20 }) }), {
  maxLength: 12,
});

it('is every saved byte up to the first gap, each once, in order, whatever overlaps and in any order', () => {
  fc.assert(
    fc.property(fc.nat(40), ranges, (prefixBytes, saved) => {
      const has = (byte: number) =>
        saved.some(({ offset, bytes }) => offset <= byte && byte < offset + bytes);
      let end = prefixBytes;
      while (has(end)) end += 1;
      const bytes = continuation(prefixBytes, saved).flatMap(({ range, skipBytes }) =>
        Array.from({ length: range.bytes - skipBytes }, (_, i) => range.offset + skipBytes + i),
      );
      expect(bytes).toEqual(Array.from({ length: end - prefixBytes }, (_, i) => prefixBytes + i));
    }),
  );
});

it('reads no range that the others make useless', () => {
  const saved = [
    { offset: 0, bytes: 5 },
    { offset: 5, bytes: 5 },
    { offset: 5, bytes: 2 },
    { offset: 6, bytes: 3 },
  ];
  expect(continuation(2, saved)).toEqual([
    { range: saved[0], skipBytes: 2 },
    { range: saved[1], skipBytes: 0 },
  ]);
});
