import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clockTimes, offsetText, parseOffset, rangeBetween } from '../../../clients/web/clipModel.ts';

it('reads the times that it writes, and those that people write', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000 }), (tenths) => {
      expect(parseOffset(offsetText(tenths * 100))).toBe(tenths * 100);
    }),
  );
  expect(parseOffset('83')).toBe(83_000);
  expect(parseOffset(' 1:23.45 ')).toBe(83_450);
  expect(parseOffset('1:02:03')).toBe(3_723_000);
  for (const wrong of ['', 'x', '-1', '1:', '1:2:3:4', '1e3', '1,5'])
    expect(parseOffset(wrong)).toBeUndefined();
});

it('has a range within the recording, never empty, wherever somebody points', () => {
  const at = fc.integer({ min: -100_000, max: 200_000 });
  fc.assert(
    fc.property(at, at, fc.integer({ min: 100, max: 100_000 }), (a, b, wholeMs) => {
      const { fromMs, toMs } = rangeBetween(a, b, wholeMs);
      expect(fromMs).toBeGreaterThanOrEqual(0);
      expect(toMs - fromMs).toBeGreaterThanOrEqual(100);
      expect(toMs).toBeLessThanOrEqual(wholeMs);
    }),
  );
});

it('asks by the clock', () => {
  expect(clockTimes({ fromMs: 500, toMs: 2_000 }, Date.parse('2026-11-28T10:00:00Z'))).toEqual({
    from: '2026-11-28T10:00:00.500Z',
    to: '2026-11-28T10:00:02.000Z',
  });
});
