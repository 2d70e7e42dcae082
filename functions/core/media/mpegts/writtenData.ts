import { modulo, PACKET_BYTES, readPacket, readPesTimes, writeTime } from './packets.ts';
import { checked, POINTER } from './tableWriter.ts';

const TABLE = 0xfc;
/** Where `pts_adjustment` begins, whose first bit is the last one of its byte (SCTE 35, 9.6). */
const ADJUSTMENT_AT = 4;
const HEAD_BYTES = 14;
const CRC_BYTES = 4;
const PAYLOAD_AT = 4;
const PAYLOAD_BYTES = PACKET_BYTES - PAYLOAD_AT;

/** Timed metadata as they stand in a fragment. Its times move with the part that it is added to. */
export type WrittenData =
  /** A PES packet, by where its first packet begins, and its time on the attempt's timeline. */
  | { readonly at: number; readonly ticks: number }
  /** A splice command (SCTE-35), by where its packets begin. */
  | { readonly section: Buffer; readonly packetsAt: readonly number[] };

/**
 * The command for a stream whose times are so much later: what it says of times is added to, encrypted or not.
 * @param section `splice_info_section` with its checksum
 * @returns undefined for what is none
 */
export function movedSplice(section: Buffer, byTicks: number): Buffer | undefined {
  if (section[0] !== TABLE || section.length < HEAD_BYTES + CRC_BYTES) return undefined;
  const content = Buffer.from(section.subarray(0, -CRC_BYTES));
  const high = (content[ADJUSTMENT_AT] as number) & 1;
  const moved = modulo(high * 2 ** 32 + content.readUInt32BE(ADJUSTMENT_AT + 1) + byTicks);
  content[ADJUSTMENT_AT] = ((content[ADJUSTMENT_AT] as number) & 0xfe) | Math.floor(moved / 2 ** 32);
  content.writeUInt32BE(moved % 2 ** 32, ADJUSTMENT_AT + 1);
  return checked(content);
}

/**
 * Moves metadata where they stand. What came late may be of a time before the part: it is at its beginning.
 * @param bytes of the fragment. @param baseTicks the part's zero
 */
export function moveWritten(written: WrittenData, bytes: Buffer, baseTicks: number): void {
  if ('ticks' in written) {
    const packet = bytes.subarray(written.at, written.at + PACKET_BYTES);
    const times = readPesTimes(packet, readPacket(packet, 0).payloadAt);
    if (times !== undefined) writeTime(packet, times.ptsAt, Math.max(0, written.ticks - baseTicks));
    return;
  }
  const moved = movedSplice(written.section, -baseTicks);
  if (moved === undefined) return;
  const payload = Buffer.concat([POINTER, moved]);
  for (const [place, at] of written.packetsAt.entries())
    payload.copy(bytes, at + PAYLOAD_AT, place * PAYLOAD_BYTES, (place + 1) * PAYLOAD_BYTES);
}
