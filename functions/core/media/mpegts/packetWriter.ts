import { modulo, PACKET_BYTES, writePcr, writeTime } from './packets.ts';

export interface PesOptions {
  readonly pid: number;
  /** 0xe0 for pictures, 0xc0 for sound, 0xbd for private data. */
  readonly streamId: number;
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  readonly data: Buffer;
  readonly randomAccess: boolean;
  /** The stream has the program's clock references. */
  readonly hasClock: boolean;
  /** What its header says of times is filled up to so many bytes. */
  readonly timeBytes?: number;
}

const LENGTH_MAX = 0xffff;

/** Writes packets of a transport stream, each stream's counted on from fragment to fragment. */
export class PacketWriter {
  readonly #counters = new Map<number, number>();
  #packets: Buffer[] = [];

  /** What was written since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#packets);
    this.#packets = [];
    return bytes;
  }

  /** @param section with its pointer. @returns where its packets are; but for the last one's their payloads are full */
  table(pid: number, section: Buffer): readonly number[] {
    const places: number[] = [];
    for (let at = 0; at < section.length; at += PACKET_BYTES - 4) {
      const packet = this.#packet(pid, at === 0);
      packet[3] = (packet[3] as number) | 0x10;
      section.copy(packet, 4, at, at + PACKET_BYTES - 4);
      places.push((this.#packets.length - 1) * PACKET_BYTES);
    }
    return places;
  }

  /** @returns where its first packet is */
  pes(options: PesOptions): number {
    const place = this.#packets.length * PACKET_BYTES;
    const header = pesHeader(options);
    const payload = Buffer.concat([header, options.data]);
    for (let at = 0; at < payload.length; ) at += this.#pesPacket(options, payload.subarray(at), at === 0);
    return place;
  }

  /** @returns how much of the payload is in it */
  #pesPacket(options: PesOptions, payload: Buffer, isFirst: boolean): number {
    const packet = this.#packet(options.pid, isFirst);
    const hasClock = isFirst && options.hasClock;
    const randomAccess = isFirst && options.randomAccess;
    const fieldBytes = hasClock ? 8 : randomAccess ? 2 : 0;
    const room = PACKET_BYTES - 4 - fieldBytes;
    const taken = Math.min(room, payload.length);
    const adaptationBytes = PACKET_BYTES - 4 - taken;
    packet[3] = (packet[3] as number) | (adaptationBytes > 0 ? 0x30 : 0x10);
    if (adaptationBytes > 0) packet[4] = adaptationBytes - 1;
    if (adaptationBytes > 1) packet[5] = (randomAccess ? 0x40 : 0) | (hasClock ? 0x10 : 0);
    if (hasClock) {
      packet.fill(0, 6, 12);
      packet[10] = 0x7e;
      writePcr(packet, 6, modulo(options.dtsTicks));
    }
    payload.copy(packet, 4 + adaptationBytes, 0, taken);
    return taken;
  }

  #packet(pid: number, unitStart: boolean): Buffer {
    const packet = Buffer.alloc(PACKET_BYTES, 0xff);
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, (counter + 1) & 15);
    packet[0] = 0x47;
    packet[1] = (unitStart ? 0x40 : 0) | (pid >> 8);
    packet[2] = pid & 0xff;
    packet[3] = counter;
    this.#packets.push(packet);
    return packet;
  }
}

function pesHeader({ streamId, ptsTicks, dtsTicks, data, timeBytes: least = 0 }: PesOptions): Buffer {
  const hasDts = ptsTicks !== dtsTicks;
  const timeBytes = Math.max(least, hasDts ? 10 : 5);
  const header = Buffer.alloc(9 + timeBytes, 0xff);
  header.writeUIntBE(1, 0, 3);
  header[3] = streamId;
  const length = 3 + timeBytes + data.length;
  // Pictures may be longer than can be said.
  header.writeUInt16BE(length > LENGTH_MAX ? 0 : length, 4);
  header[6] = 0x84;
  header[7] = hasDts ? 0xc0 : 0x80;
  header[8] = timeBytes;
  header[9] = hasDts ? 0x31 : 0x21;
  writeTime(header, 9, ptsTicks);
  if (!hasDts) return header;
  header[14] = 0x11;
  writeTime(header, 14, dtsTicks);
  return header;
}
