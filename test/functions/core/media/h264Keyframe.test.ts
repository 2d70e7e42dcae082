import { expect, it } from 'vitest';
import { isKeyframe } from '../../../../functions/core/media/nal/h264Keyframe.ts';

const unit = (...bytes: number[]): Buffer => Buffer.of(0, 0, 0, bytes.length, ...bytes);
const IDR = unit(0x65, 0x88, 0x84);
/** A slice of a picture that is made of no other, and one of a picture that is. */
const INTRA = unit(0x41, 0x88, 0x84);
const INTER = unit(0x41, 0x9a, 0x24);
const DELIMITER = unit(9, 0x10);
/** Says that decoding can begin here; and something else. */
const RECOVERY_POINT = unit(6, 6, 1, 0xc4, 0x80);
const OTHER_SUPPLEMENT = unit(6, 5, 2, 0xff, 0xff, 0x80);
/** A message of 300 bytes in front of it. */
const BEHIND_ANOTHER = Buffer.concat([
  Buffer.of(0, 0, 1, 53, 6, 4, 0xff, 45),
  Buffer.alloc(300, 0x55),
  Buffer.of(6, 1, 0xc4, 0x80, 0, 0, 0, 0),
]).subarray(0, 4 + 309);

it.each<[string, Buffer[], number, boolean]>([
  ['an instant refresh', [DELIMITER, IDR], 4, true],
  ['a recovery point', [RECOVERY_POINT, INTER], 4, true],
  ['a recovery point behind another message', [BEHIND_ANOTHER, INTER], 4, true],
  ['another message', [OTHER_SUPPLEMENT, INTER], 4, false],
  ['a recovery point that comes behind the slice', [INTER, RECOVERY_POINT], 4, false],
  ['a picture of no others, where several are kept', [INTRA], 4, false],
  ['a picture of no others, where one is kept', [INTRA], 1, true],
  ['a picture of others', [INTER], 1, false],
  ['no picture at all', [DELIMITER], 1, false],
  ['a unit that leaves its sample', [Buffer.of(0, 0, 0, 9, 0x41)], 1, false],
  [
    'an instant refresh behind more units than any encoder writes',
    [...Array(300).fill(DELIMITER), IDR],
    1,
    false,
  ],
])('%s', (_, units, references, expected) => {
  expect(isKeyframe(Buffer.concat(units), 4, references)).toBe(expected);
});
