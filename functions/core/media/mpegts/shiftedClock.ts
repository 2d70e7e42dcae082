import { PACKET_BYTES, readPacket, readPcr, readPesTimes, writePcr, writeTime } from './packets.ts';

const SYNC = 0x47;
const UNIT_START = 0x40;
const HAS_ADAPTATION = 0x20;
/** Of a map, padding, private data without a header, and control messages: no times stand in these. */
const WITHOUT_TIMES: ReadonlySet<number> = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);
const HEADER_MARK = 0x80;

/**
 * Adds so much to all times of whole packets, in their place: a clock that is far from its counter's beginning and end. A
 * time that is split between two packets stays as it is.
 */
export function shiftClock(packets: Buffer, ticks: number): void {
  for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) {
    const mayHavePcr = ((packets[at + 3] as number) & HAS_ADAPTATION) !== 0;
    const mayHaveTimes = ((packets[at + 1] as number) & UNIT_START) !== 0;
    if ((mayHavePcr || mayHaveTimes) && isReadable(packets, at)) shiftPacket(packets, at, ticks);
  }
}

function isReadable(packets: Buffer, at: number): boolean {
  const hasAdaptation = ((packets[at + 3] as number) & HAS_ADAPTATION) !== 0;
  return packets[at] === SYNC && (!hasAdaptation || (packets[at + 4] as number) <= PACKET_BYTES - 5);
}

function shiftPacket(packets: Buffer, at: number, ticks: number): void {
  const { unitStart, isScrambled, pcrAt, payloadAt } = readPacket(packets, at);
  if (pcrAt !== -1) writePcr(packets, at + pcrAt, readPcr(packets, at + pcrAt) + ticks);
  if (!unitStart || isScrambled) return;
  const packet = packets.subarray(at, at + PACKET_BYTES);
  const times = readPesTimes(packet, payloadAt);
  if (times === undefined || WITHOUT_TIMES.has(packet[payloadAt + 3] as number)) return;
  if (((packet[payloadAt + 6] as number) & 0xc0) !== HEADER_MARK) return;
  writeTime(packet, times.ptsAt, times.pts + ticks);
  if (times.dtsAt !== -1) writeTime(packet, times.dtsAt, times.dts + ticks);
}
