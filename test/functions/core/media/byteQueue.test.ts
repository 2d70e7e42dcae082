import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../../functions/core/media/byteQueue.ts';

const step = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), bytes: fc.integer({ min: 0, max: 900_000 }) }),
  fc.record({ kind: fc.constant('take' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('peek' as const), share: fc.double({ min: 0, max: 1.2, noNaN: true }) }),
);

describe('a queue of bytes', () => {
  it('gives what was put in, in order, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new ByteQueue();
        let expected = Buffer.alloc(0);
        let count = 0;
        for (const one of steps) {
          if (one.kind === 'push') {
            const chunk = Buffer.alloc(one.bytes, `${count++},`);
            queue.push(chunk);
            expected = Buffer.concat([expected, chunk]);
          } else if (one.kind === 'take') {
            const bytes = Math.floor(expected.length * one.share);
            expect(queue.take(bytes).equals(expected.subarray(0, bytes))).toBe(true);
            expected = expected.subarray(bytes);
          } else {
            const at = Math.floor(expected.length * one.share);
            expect(queue.peek(at, 1_000).equals(expected.subarray(at, at + 1_000))).toBe(true);
          }
          expect(queue.length).toBe(expected.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives what was borrowed out of its own memory, and keeps the rest', () => {
    const sizes = fc.array(fc.tuple(fc.nat(200_000), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, (chunks) => {
        const queue = new ByteQueue();
        const memory = Buffer.alloc(200_000);
        let expected = Buffer.alloc(0);
        for (const [place, [bytes, share]] of chunks.entries()) {
          memory.fill(`${place},`, 0, bytes);
          expected = Buffer.concat([expected, memory.subarray(0, bytes)]);
          const wasEmpty = queue.length === 0;
          queue.borrow(memory.subarray(0, bytes));
          const taken = queue.take(Math.floor(expected.length * share));
          expect(taken.equals(expected.subarray(0, taken.length))).toBe(true);
          expect(taken.buffer === memory.buffer).toBe(wasEmpty);
          expected = expected.subarray(taken.length);
          queue.keep();
          memory.fill(0);
          expect(queue.peek(0, expected.length).equals(expected)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('uses the same memory again', () => {
    const queue = new ByteQueue();
    const memories = new Set<ArrayBufferLike>();
    for (let i = 0; i < 1_000; i++) {
      queue.push(Buffer.alloc(65_536, i));
      if (queue.length > 400_000) memories.add(queue.take(400_000).buffer);
    }
    expect(memories.size).toBe(1);
  });

  it('does not give more than it has', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.from('abc'));
    expect(() => queue.take(4)).toThrow('4 bytes asked of 3');
    expect(queue.take(3).toString()).toBe('abc');
  });
});
