import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LongPackets } from '../../../../functions/core/media/mpegts/longPackets.ts';

const packet = (i: number): Buffer => {
  const bytes = Buffer.alloc(188, i & 0xff);
  bytes[0] = 0x47;
  return bytes;
};

function passed(bytes: Buffer, places: readonly number[]): Buffer {
  const packets = new LongPackets();
  const cuts = [0, ...places.toSorted((one, other) => one - other), bytes.length];
  const out = cuts.slice(1).map((end, i) => packets.push(bytes.subarray(cuts[i], end)));
  return Buffer.concat([...out, packets.end()]);
}

const places = (bytes: Buffer) => fc.array(fc.nat(bytes.length), { maxLength: 20 });

describe('LongPackets', () => {
  const plain = Array.from({ length: 12 }, (_, i) => packet(i));

  it.each([
    ['a clock in front', [Buffer.alloc(4, 0x47), Buffer.alloc(0)]],
    ['error correction behind', [Buffer.alloc(0), Buffer.alloc(16, 3)]],
  ] as const)('leaves out %s of each packet, in chunks of any size', (_what, [front, behind]) => {
    const sent = Buffer.concat(plain.flatMap((one) => [front, one, behind]));
    fc.assert(
      fc.property(places(sent), (cuts) => {
        expect(passed(sent, cuts).equals(Buffer.concat(plain))).toBe(true);
      }),
    );
  });

  it.each([
    ['packets of 188 bytes', Buffer.concat(plain)],
    ['anything else', Buffer.from('GG'.repeat(700))],
    ['what is short', Buffer.from('ftypisom')],
    ['nothing', Buffer.alloc(0)],
  ])('leaves %s as it is', (_what, sent) => {
    fc.assert(
      fc.property(places(sent), (cuts) => {
        expect(passed(sent, cuts).equals(sent)).toBe(true);
      }),
    );
  });
});
