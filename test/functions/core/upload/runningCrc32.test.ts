import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RunningCrc32 } from '../../../../functions/core/upload/runningCrc32.ts';

const PIECES = fc.array(fc.uint8Array({ maxLength: 40 }).map(Buffer.from), { minLength: 1, maxLength: 12 });

it('has the checksum of every stretch between two places where something was added', () => {
  fc.assert(
    fc.property(PIECES, fc.nat(), fc.nat(), (pieces, one, other) => {
      const running = new RunningCrc32();
      const places = [0];
      for (const piece of pieces) {
        running.add(piece);
        places.push((places.at(-1) ?? 0) + piece.length);
      }
      const [from = 0, to = 0] = [one, other]
        .map((place) => places[place % places.length] ?? 0)
        .toSorted((first, second) => first - second);
      expect(running.between(from, to)).toBe(crc32(Buffer.concat(pieces).subarray(from, to)));
    }),
  );
});

it('knows nothing of other places, nor of what was forgotten', () => {
  const running = new RunningCrc32();
  for (const piece of ['one', 'two', 'three']) running.add(Buffer.from(piece));
  running.forget(3);
  expect(running.between(3, 11)).toBe(crc32(Buffer.from('twothree')));
  expect(() => running.between(0, 6)).toThrow(RangeError);
  expect(() => running.between(3, 7)).toThrow(RangeError);
});
