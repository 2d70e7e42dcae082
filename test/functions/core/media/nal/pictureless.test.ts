import { describe, expect, it } from 'vitest';
import { Pictureless } from '../../../../../functions/core/media/nal/pictureless.ts';
import { sampleOf } from '../../../../../functions/core/media/nal/units.ts';

const UNITS = {
  h264: { delimiter: '09f0', sets: '674d001e', supplement: '060504', picture: '65aa', other: '41bb' },
  hevc: { delimiter: '460150', sets: '420101', supplement: '4e0105', picture: '2601aa', other: '0201bb' },
} as const;
const of = (...units: readonly string[]): Buffer => sampleOf(units.map((unit) => Buffer.from(unit, 'hex')));

describe.each(['h264', 'hevc'] as const)('samples of %s without a picture', (codec) => {
  const { delimiter, sets, supplement, picture, other } = UNITS[codec];

  it('are in front of the next picture, behind its delimiter, and delimiters alone are nowhere', () => {
    const pictureless = new Pictureless(codec);
    expect(pictureless.next(of(delimiter, sets), 4)).toBeUndefined();
    expect(pictureless.next(of(supplement), 4)).toBeUndefined();
    expect(pictureless.next(of(delimiter, picture, other), 4)).toEqual(
      of(delimiter, sets, supplement, picture, other),
    );
    expect(pictureless.next(of(supplement), 4)).toBeUndefined();
    expect(pictureless.next(of(other), 4)).toEqual(of(supplement, other));
    expect(pictureless.next(of(delimiter), 4)).toBeUndefined();
    const last = of(other);
    expect(pictureless.next(last, 4)).toBe(last);
  });

  it('are not those with one, wherever it stands, nor what is damaged', () => {
    const pictureless = new Pictureless(codec);
    const whole = of(delimiter, sets, supplement, picture);
    for (const sample of [whole, whole.subarray(0, 9), Buffer.alloc(0), Buffer.alloc(3)])
      expect(pictureless.next(sample, 4)).toBe(sample);
  });

  it('are in front of the next picture where lengths are short, too', () => {
    const pictureless = new Pictureless(codec);
    const short = (...units: readonly string[]): Buffer =>
      sampleOf(
        units.map((unit) => Buffer.from(unit, 'hex')),
        2,
      );
    expect(pictureless.next(short(sets), 2)).toBeUndefined();
    expect(pictureless.next(short(picture), 2)).toEqual(short(sets, picture));
  });

  it('are the newest ones, where a source sends hardly anything else', () => {
    const pictureless = new Pictureless(codec);
    const large = (number: number): Buffer => {
      const unit = Buffer.alloc(20_000, number);
      unit.set(Buffer.from(supplement, 'hex'));
      return unit;
    };
    for (let number = 0; number < 1_000; number++)
      expect(pictureless.next(sampleOf([large(number)]), 4)).toBeUndefined();
    const next = sampleOf([large(997), large(998), large(999), Buffer.from(picture, 'hex')]);
    expect(pictureless.next(of(picture), 4)).toEqual(next);
  });
});
