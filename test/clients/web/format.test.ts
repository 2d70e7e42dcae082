import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitrate, byteCount, duration, stretch } from '../../../clients/web/format.ts';

describe('numbers as a person reads them', () => {
  it.each([
    [0, '0:00'],
    [61_999, '1:01'],
    [3_599_999, '59:59'],
    [3_600_000, '1:00:00'],
    [90_061_000, '25:01:01'],
    [-5, '0:00'],
  ])('a duration of %i ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('a duration reads back to its whole seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (ms) => {
        const seconds = duration(ms)
          .split(':')
          .reduce((sum, digits) => sum * 60 + Number(digits), 0);
        expect(seconds).toBe(Math.floor(ms / 1000));
      }),
    );
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [1_500_000_000, '1.5 GB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(byteCount(bytes)).toBe(text);
  });

  it('a stretch and a bitrate have the unit that says something', () => {
    expect([400, 12_000, 200_000, 7_200_000].map(stretch)).toEqual([
      '0.4 s',
      '12 s',
      '3 min 20 s',
      '2:00:00 h',
    ]);
    expect([9_949, 9_960, 59_499, 59_500, 119_600, 3_599_500].map(stretch)).toEqual([
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 0 s',
      '2 min 0 s',
      '1:00:00 h',
    ]);
    expect([64_000, 4_200_000].map(bitrate)).toEqual(['64 kbit/s', '4.2 Mbit/s']);
  });
});
