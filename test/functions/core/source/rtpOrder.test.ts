import { describe, expect, it } from 'vitest';
import { RtpOrder } from '../../../../functions/core/source/rtpOrder.ts';

const LATE_MS = 500;

function packet(number: number, source = 1, type = 96): Buffer {
  const bytes = Buffer.alloc(13);
  bytes[0] = 0x80;
  bytes[1] = type;
  bytes.writeUInt16BE(number & 0xffff, 2);
  bytes.writeUInt32BE(source, 8);
  return bytes;
}

/** What is given on of packets with these numbers, ten milliseconds apart; then what is held. */
function given(numbers: readonly number[], order = new RtpOrder(LATE_MS)): number[] {
  const ready = numbers.flatMap((number, i) => order.push(packet(number), i * 10));
  return [...ready, ...order.flush()].map((bytes) => bytes.readUInt16BE(2));
}

describe('RTP in datagrams', () => {
  it.each([
    ['in order', [7, 8, 9], [7, 8, 9]],
    ['twice each', [7, 7, 8, 8, 9, 9], [7, 8, 9]],
    ['all of it twice', [7, 8, 9, 7, 8, 9, 10], [7, 8, 9, 10]],
    ['overtaken, and twice', [7, 9, 9, 8, 8, 10], [7, 8, 9, 10]],
    ['over the turn of its counter', [65_534, 0, 65_535, 1, 0], [65_534, 65_535, 0, 1]],
    ['with one that is missing', [7, 9, 10], [7, 9, 10]],
    ['from a sender that counts anew', [7, 8, 30_000, 30_001, 30_002], [7, 8, 30_000, 30_001, 30_002]],
    ['from a sender that counts anew from zero', [40_000, 0, 1, 2], [40_000, 0, 1, 2]],
    ['with a stray one', [7, 8, 30_000, 9, 10], [7, 8, 9, 10]],
  ])('come %s', (_, numbers, expected) => {
    expect(given(numbers)).toEqual(expected);
  });

  it('is waited for, and no longer than it may be late', () => {
    const order = new RtpOrder(LATE_MS);
    expect(order.push(packet(1), 0)).toHaveLength(1);
    expect(order.push(packet(3), 1_000)).toEqual([]);
    expect(order.push(packet(4), 1_499)).toEqual([]);
    const ready = order.push(packet(5), 1_500);
    expect(ready.map((bytes) => bytes.readUInt16BE(2))).toEqual([3, 4, 5]);
    // Now it is too late.
    expect(order.push(packet(2), 1_501)).toEqual([]);
  });

  it('is no later however many are missing', () => {
    const order = new RtpOrder(LATE_MS);
    // One in ten is missing, and one comes each 10 ms.
    const sent = Array.from({ length: 300 }, (_, i) => i).filter((i) => i % 10 !== 5);
    const delays = sent.flatMap((i) =>
      order.push(packet(i), i * 10).map((bytes) => i * 10 - bytes.readUInt16BE(2) * 10),
    );
    expect(Math.max(...delays)).toBeLessThanOrEqual(LATE_MS);
  });

  it('is held within bounds', () => {
    const order = new RtpOrder(LATE_MS);
    order.push(packet(0), 0);
    const ready = Array.from({ length: 600 }, (_, i) => order.push(packet(i + 2), 0)).flat();
    expect(ready.length).toBeGreaterThan(500);
  });

  it('begins anew with another sender', () => {
    const order = new RtpOrder(LATE_MS);
    order.push(packet(100), 0);
    order.push(packet(102), 0);
    const ready = order.push(packet(3, 2), 10);
    expect(ready.map((bytes) => bytes.readUInt16BE(2))).toEqual([102, 3]);
    expect(order.push(packet(4, 2), 20)).toHaveLength(1);
  });

  it('is told from reports, and from what is none', () => {
    const order = new RtpOrder(LATE_MS);
    order.push(packet(1), 0);
    expect(order.push(packet(1, 1, 200), 0)).toHaveLength(1);
    expect(order.push(Buffer.alloc(20), 0)).toEqual([]);
    expect(order.push(Buffer.from([0x80, 96]), 0)).toEqual([]);
  });
});
