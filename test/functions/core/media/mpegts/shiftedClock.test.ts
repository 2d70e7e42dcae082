import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  modulo,
  PACKET_BYTES,
  readPacket,
  readPcr,
  readPesTimes,
} from '../../../../../functions/core/media/mpegts/packets.ts';
import { PacketWriter } from '../../../../../functions/core/media/mpegts/packetWriter.ts';
import { shiftClock } from '../../../../../functions/core/media/mpegts/shiftedClock.ts';
import { associationTable } from '../../../../../functions/core/media/mpegts/tableWriter.ts';

const TIME = fc.integer({ min: 0, max: 2 ** 33 - 1 });
const PADDING = 0xbe;

/** Every time in whole packets, in the order in which they stand there. */
function timesIn(packets: Buffer): number[] {
  const times: number[] = [];
  for (let at = 0; at < packets.length; at += PACKET_BYTES) {
    const { pcrAt, payloadAt, unitStart } = readPacket(packets, at);
    if (pcrAt !== -1) times.push(readPcr(packets, at + pcrAt));
    const pes = unitStart ? readPesTimes(packets.subarray(at, at + PACKET_BYTES), payloadAt) : undefined;
    if (pes !== undefined) times.push(pes.pts, pes.dts);
  }
  return times;
}

function packetsOf(ptsTicks: number, dtsTicks: number): Buffer {
  const writer = new PacketWriter();
  writer.table(0, associationTable(0x1000));
  const data = Buffer.alloc(700, 0x5a);
  const pes = { pid: 0x100, streamId: 0xe0, ptsTicks, dtsTicks, data, randomAccess: true, hasClock: true };
  writer.pes(pes);
  writer.pes({ ...pes, pid: 0x101, streamId: 0xc0, hasClock: false });
  return writer.take();
}

it('adds as much to all times and clock references, modulo the counter, and changes nothing else', () => {
  fc.assert(
    fc.property(TIME, TIME, fc.integer({ min: -(2 ** 33), max: 2 ** 33 }), (pts, dts, ticks) => {
      const packets = packetsOf(pts, dts);
      const before = Buffer.from(packets);
      shiftClock(packets, ticks);
      const expected = timesIn(before).map((time) => modulo(time + ticks));
      expect(expected).toHaveLength(5);
      expect(timesIn(packets)).toEqual(expected);
      shiftClock(packets, -ticks);
      expect(packets.equals(before)).toBe(true);
    }),
  );
});

it('lets alone what has no times, or is damaged', () => {
  // Behind the table: the first packet of the pictures.
  const clocked = packetsOf(9_000, 9_000).subarray(PACKET_BYTES, 2 * PACKET_BYTES);
  const { payloadAt, pcrAt } = readPacket(clocked, 0);
  const changed = (at: number, value: number): Buffer => {
    const packet = Buffer.from(clocked);
    packet[at] = value;
    return packet;
  };
  // Nothing to be read of the first two, and of the others the clock reference alone.
  const kept = [changed(0, 0), changed(4, 0xff)];
  const untimed = [
    changed(payloadAt + 3, PADDING),
    changed(payloadAt + 6, 0),
    changed(3, (clocked[3] ?? 0) | 0xc0),
    changed(1, (clocked[1] ?? 0) & ~0x40),
  ];
  const packets = Buffer.concat([...kept, ...untimed]);
  const before = Buffer.from(packets);
  shiftClock(packets, 90_000);
  for (const [place] of [...kept, ...untimed].entries()) {
    const [now, then] = [packets, before].map((all) =>
      all.subarray(place * PACKET_BYTES, (place + 1) * PACKET_BYTES),
    );
    const from = place < kept.length ? 0 : payloadAt;
    expect(now?.subarray(from).equals(then?.subarray(from) ?? Buffer.alloc(0))).toBe(true);
    if (place >= kept.length) expect(readPcr(now ?? packets, pcrAt)).toBe(99_000);
  }
});
