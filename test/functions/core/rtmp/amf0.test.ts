import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AmfValue, amfObject, decodeAmf0, encodeAmf0 } from '../../../../functions/core/rtmp/amf0.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';

const { value } = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.double(),
    fc.boolean(),
    fc.string(),
    fc.constant(null),
    // Longer than a length of 16 bits says; drawn letter by letter it would take most of the time.
    fc.string({ unit: CODE_POINT, minLength: 1, maxLength: 3 }).map((text) => text.repeat(70_000)),
    fc.dictionary(fc.string({ minLength: 1 }), tie('value')).map((fields) => amfObject(fields)),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
}));

it('values are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      expect(decodeAmf0(encodeAmf0(values))).toEqual(values);
    }),
    { numRuns: 60 },
  );
});

it('of what is cut off, or is none, the values in front are read', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), fc.uint8Array(), (values, tail) => {
      const whole = encodeAmf0(values);
      const cut = encodeAmf0(values.slice(0, -1));
      expect(decodeAmf0(whole.subarray(0, whole.length - 1))).toEqual(values.slice(0, -1));
      expect(decodeAmf0(Buffer.concat([cut, tail])).slice(0, values.length - 1)).toEqual(values.slice(0, -1));
    }),
    { numRuns: 60 },
  );
});

it('arrays that say that they are larger than all there is, and what lies too deep, are not read', () => {
  expect(decodeAmf0(Buffer.of(5, 10, 0xff, 0xff, 0xff, 0xff, 5))).toEqual([null]);
  expect(decodeAmf0(Buffer.alloc(50_000, Buffer.of(10, 0, 0, 0, 1)))).toEqual([]);
});

it('what has no place here is passed over', () => {
  const date = Buffer.concat([Buffer.of(11), Buffer.alloc(10)]);
  const typed = Buffer.concat([Buffer.of(16, 0, 1, 65), Buffer.of(0, 1, 97, 1, 1), Buffer.of(0, 0, 9)]);
  const ecma = Buffer.concat([Buffer.of(8, 0, 0, 0, 9), Buffer.of(0, 1, 97, 6), Buffer.of(0, 0, 9)]);
  const others = Buffer.of(7, 0, 1, 13, 15, 0, 0, 0, 1, 60);
  expect(decodeAmf0(Buffer.concat([date, typed, ecma, others]))).toEqual([
    null,
    amfObject({ a: true }),
    amfObject({ a: null }),
    null,
    null,
    null,
  ]);
});
