import { expect, it } from 'vitest';
import { SpareMemory } from '../../../../functions/core/rtmp/spareMemory.ts';

it('memory that is given back is taken again, whatever view of it came back', () => {
  const spare = new SpareMemory();
  const [one, other] = [spare.take(10), spare.take(10)];
  expect(one.buffer).not.toBe(other.buffer);
  spare.giveBack(one.subarray(3, 5));
  expect(spare.take(100_000).buffer).not.toBe(one.buffer);
  expect(spare.take(20).buffer).toBe(one.buffer);
  expect(spare.take(20).buffer).not.toBe(other.buffer);
});

it("memory of others', what was given back before, and what is large is not kept", () => {
  const spare = new SpareMemory();
  const others = Buffer.alloc(100_000);
  const large = spare.take(1_000_000);
  const own = spare.take(10);
  for (const memory of [others, large, own, own]) spare.giveBack(memory);
  const taken = [spare.take(10), spare.take(10), spare.take(10)];
  expect(taken.map(({ buffer }) => buffer === own.buffer)).toEqual([true, false, false]);
  expect(taken.map(({ buffer }) => [others.buffer, large.buffer].includes(buffer))).not.toContain(true);
});
