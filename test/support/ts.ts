const PACKET_BYTES = 188;
const HAS_PAYLOAD = 0x10;

/**
 * Transport streams one after the other, with continuity counters that go on, as an encoder sends them that changes
 * its parameters on the way. Their times and tables must fit already.
 */
export function joinTs(streams: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(streams);
  const counters = new Map<number, number>();
  for (let at = 0; at + PACKET_BYTES <= bytes.length; at += PACKET_BYTES) {
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff;
    const control = bytes[at + 3] as number;
    if ((control & HAS_PAYLOAD) === 0) continue;
    const counter = ((counters.get(pid) ?? -1) + 1) & 15;
    counters.set(pid, counter);
    bytes[at + 3] = (control & 0xf0) | counter;
  }
  return bytes;
}
