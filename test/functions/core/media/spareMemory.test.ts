import { expect, it } from 'vitest';
import { SpareMemory } from '../../../../functions/core/media/spareMemory.ts';

it('memory that is given back is taken again, whatever view of it came back', () => {
  const spare = new SpareMemory();
  const [one, other] = [spare.take(10), spare.take(10)];
  expect(one.buffer).not.toBe(other.buffer);
  SpareMemory.giveBack(one.subarray(3, 5));
  expect(spare.take(100_000).buffer).not.toBe(one.buffer);
  expect(spare.take(20).buffer).toBe(one.buffer);
  expect(spare.take(20).buffer).not.toBe(other.buffer);
});

it("memory of others', what was given back before, and what is large is not kept", () => {
  const spare = new SpareMemory();
  const others = Buffer.alloc(100_000);
  const large = spare.take(1_000_000);
  const own = spare.take(10);
  for (const memory of [others, large, own, own]) SpareMemory.giveBack(memory);
  const taken = [spare.take(10), spare.take(10), spare.take(10)];
  expect(taken.map(({ buffer }) => buffer === own.buffer)).toEqual([true, false, false]);
  expect(taken.map(({ buffer }) => [others.buffer, large.buffer].includes(buffer))).not.toContain(true);
});

it('memory that several have is taken again when all have given it back, and what was not taken is held by nobody', () => {
  const spare = new SpareMemory();
  const memory = spare.take(10);
  const [one, other] = [memory.subarray(1, 3), memory.subarray(5)];
  expect([one, other].map(SpareMemory.hold)).toEqual([true, true]);
  for (const view of [other, memory]) {
    SpareMemory.giveBack(view);
    expect(spare.take(10).buffer).not.toBe(memory.buffer);
  }
  SpareMemory.giveBack(one);
  expect(spare.take(10).buffer).toBe(memory.buffer);
  expect(SpareMemory.hold(Buffer.alloc(10))).toBe(false);
});

it('no more memory is kept than a second or two of a stream need', () => {
  const spare = new SpareMemory();
  const all = Array.from({ length: 20 }, () => spare.take(400_000));
  for (const memory of all) SpareMemory.giveBack(memory);
  const again = all.map(() => spare.take(400_000).buffer);
  expect(all.filter(({ buffer }) => again.includes(buffer))).toHaveLength(4);
});
