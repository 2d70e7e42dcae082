import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Continuity } from '../../../../functions/core/media/mpegts/continuity.ts';

interface TestPacket {
  readonly pid: number;
  readonly hasPayload: boolean;
}

function packet({ pid, hasPayload }: TestPacket, counter: number): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  bytes[0] = 0x47;
  bytes.writeUInt16BE(pid, 1);
  bytes[3] = (hasPayload ? 0x10 : 0x20) | counter;
  return bytes;
}

/** Counts as a packager does; a segment may begin at any number. */
function segment(packets: readonly TestPacket[], first: number): Buffer {
  const counters = new Map<number, number>();
  return Buffer.concat(
    packets.map((one) => {
      const last = counters.get(one.pid);
      const counter = last === undefined ? first : (last + (one.hasPayload ? 1 : 0)) & 0xf;
      counters.set(one.pid, counter);
      return packet(one, counter);
    }),
  );
}

function isContinuous(bytes: Buffer): boolean {
  const counters = new Map<number, number>();
  for (let at = 0; at < bytes.length; at += 188) {
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    const control = bytes[at + 3] as number;
    const last = counters.get(pid);
    const expected = last === undefined ? control & 0xf : (last + ((control & 0x10) === 0 ? 0 : 1)) & 0xf;
    if ((control & 0xf) !== expected) return false;
    counters.set(pid, expected);
  }
  return true;
}

const packets = fc.array(fc.record({ pid: fc.constantFrom(0, 256, 257), hasPayload: fc.boolean() }), {
  minLength: 1,
  maxLength: 60,
});
const segments = fc.array(fc.tuple(packets, fc.nat(15)), { minLength: 1, maxLength: 4 });

describe('Continuity', () => {
  it('makes one stream of segments that count from anywhere, in whatever pieces they come', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 700 }), (made, pieceBytes) => {
        const continuity = new Continuity();
        const out: Buffer[] = [];
        for (const [list, first] of made) {
          continuity.beginSegment();
          const bytes = segment(list, first);
          for (let at = 0; at < bytes.length; at += pieceBytes) {
            out.push(continuity.push(Buffer.from(bytes.subarray(at, at + pieceBytes))));
          }
        }
        const stream = Buffer.concat(out);
        expect(stream.length).toBe(188 * made.reduce((sum, [list]) => sum + list.length, 0));
        expect(isContinuous(stream)).toBe(true);
      }),
    );
  });

  it('leaves a packet that is missing inside of a segment missing', () => {
    const continuity = new Continuity();
    continuity.beginSegment();
    const one = { pid: 256, hasPayload: true };
    const bytes = Buffer.concat([packet(one, 0), packet(one, 2)]);
    expect(isContinuous(continuity.push(bytes))).toBe(false);
  });

  it('leaves out what is sent twice, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        packets,
        fc.array(fc.boolean(), { minLength: 60 }),
        fc.integer({ min: 1, max: 700 }),
        (list, isTwice, pieceBytes) => {
          const once = segment(list, 3);
          const sent = list.flatMap(({ hasPayload }, i) => {
            const one = once.subarray(i * 188, (i + 1) * 188);
            return hasPayload && isTwice[i] === true ? [one, one] : [one];
          });
          const bytes = Buffer.concat(sent);
          const continuity = new Continuity();
          const out: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += pieceBytes)
            out.push(continuity.push(Buffer.from(bytes.subarray(at, at + pieceBytes))));
          expect(Buffer.concat(out).equals(once)).toBe(true);
        },
      ),
    );
  });

  it('leaves out what is no packet, and what was cut off', () => {
    const continuity = new Continuity();
    continuity.beginSegment();
    const one = { pid: 256, hasPayload: true };
    const garbage = Buffer.alloc(100, 1);
    const out = continuity.push(
      Buffer.concat([packet(one, 3), garbage, packet(one, 4), packet(one, 5).subarray(0, 90)]),
    );
    continuity.beginSegment();
    const stream = Buffer.concat([out, continuity.push(packet(one, 0))]);
    expect(stream.length).toBe(3 * 188);
    expect(isContinuous(stream)).toBe(true);
  });

  it('loses no packet to garbage in front of it, whatever that looks like, in whatever pieces it comes', () => {
    const garbage = fc.array(fc.constantFrom(0x47, 0, 0xff), { minLength: 1, maxLength: 187 });
    const one = { pid: 256, hasPayload: true };
    fc.assert(
      fc.property(garbage, fc.integer({ min: 1, max: 700 }), (junk, pieceBytes) => {
        const continuity = new Continuity();
        const packetsAfter = segment([one, one, one], 1);
        const bytes = Buffer.concat([packet(one, 0), Buffer.from([0, ...junk]), packetsAfter]);
        const out: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += pieceBytes)
          out.push(continuity.push(Buffer.from(bytes.subarray(at, at + pieceBytes))));
        const stream = Buffer.concat(out);
        expect(stream.equals(Buffer.concat([packet(one, 0), packetsAfter]))).toBe(true);
      }),
    );
  });

  it('lets counters go on where the association table, and all else with it, begins anew', () => {
    const list = [
      { pid: 0, hasPayload: true },
      ...Array.from({ length: 5 }, () => [256, 257])
        .flat()
        .map((pid) => ({ pid, hasPayload: true })),
    ];
    const turn = Array.from({ length: 3 }, () => list).flat();
    const continuity = new Continuity();
    const out = [segment(turn, 0), segment(turn, 0)].map((bytes) => continuity.push(bytes));
    expect(isContinuous(Buffer.concat(out))).toBe(true);
  });
});
