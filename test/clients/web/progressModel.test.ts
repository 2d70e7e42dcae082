import { expect, it } from 'vitest';
import type { Part } from '../../../clients/typescript/client.ts';
import { progressTable, rangeText } from '../../../clients/web/progressModel.ts';

const AT_MS = Date.UTC(2026, 10, 28, 12);
const part = (number: number, fromMs: number, durationMs: number, bytes: number) =>
  ({ part: number, startTime: new Date(AT_MS + fromMs).toISOString(), durationMs, bytes }) as unknown as Part;
const sample = (afterMs: number) => ({ atMs: AT_MS + afterMs, bitrateBps: 8_000, unsavedMs: 400 });

it('has the mean of each part from its first frame to its last, and then what was told', () => {
  const table = progressTable(
    [sample(70_000), sample(85_000)],
    [part(1, 0, 60_000, 60_000), { part: 2, startTime: new Date(AT_MS + 60_000).toISOString() } as Part],
  );
  expect(table.atMs.map((atMs) => atMs - AT_MS)).toEqual([0, 60_000, 60_000, 70_000, 85_000]);
  // No line leads from one part to the next.
  expect(table.partBitrateBps).toEqual([8_000, 8_000, null, undefined, undefined]);
  expect(table.bitrateBps).toEqual([undefined, undefined, undefined, 8_000, 8_000]);
  expect(table.unsavedMs).toEqual([undefined, undefined, undefined, 400, 400]);
});

it('draws no line across a time of which nothing was told', () => {
  const { bitrateBps } = progressTable([sample(0), sample(60_000), sample(130_000)], []);
  expect(bitrateBps).toEqual([8_000, 8_000, null, 8_000]);
});

it('says in words from where to where a line goes', () => {
  const say = (value: number) => `${value} s`;
  expect(rangeText([undefined, 3, null, 1, 2], say)).toBe('1 s to 3 s');
  expect(rangeText([2, undefined, 2], say)).toBe('2 s');
  expect(rangeText([undefined, null], say)).toBeUndefined();
});
