import { MediaError } from '../types.ts';

/** MPEG transport stream (ISO/IEC 13818-1): packets of 188 bytes. */
export const PACKET_BYTES = 188;
const SYNC = 0x47;
/** Times count in 1/90,000 s and start again after 2^33. */
export const TICKS_PER_MS = 90;
const TIME_MODULUS = 2 ** 33;

export interface Packet {
  readonly pid: number;
  /** A PES packet or a table begins here. */
  readonly unitStart: boolean;
  /** Its payload is encrypted. */
  readonly isScrambled: boolean;
  /** Decoding can begin here. */
  readonly randomAccess: boolean;
  /** Where the program clock reference is; -1: there is none. */
  readonly pcrAt: number;
  /** Where the payload begins; PACKET_BYTES when there is none. */
  readonly payloadAt: number;
}

/** @param at of the packet in `bytes`. @throws MediaError */
export function readPacket(bytes: Buffer, at: number): Packet {
  if (bytes[at] !== SYNC) throw new MediaError('a transport stream packet does not begin with its sync byte');
  const flags = bytes.readUInt16BE(at + 1);
  const control = bytes[at + 3] as number;
  const hasAdaptation = (control & 0x20) !== 0;
  const adaptationBytes = hasAdaptation ? (bytes[at + 4] as number) : 0;
  if (adaptationBytes > PACKET_BYTES - 5) throw new MediaError('an adaptation field leaves its packet');
  const adaptationFlags = adaptationBytes > 0 ? (bytes[at + 5] as number) : 0;
  const payloadAt = 4 + (hasAdaptation ? 1 + adaptationBytes : 0);
  return {
    pid: flags & 0x1fff,
    unitStart: (flags & 0x4000) !== 0,
    isScrambled: (control & 0xc0) !== 0,
    randomAccess: (adaptationFlags & 0x40) !== 0,
    pcrAt: (adaptationFlags & 0x10) !== 0 && adaptationBytes >= 7 ? 6 : -1,
    payloadAt: (control & 0x10) !== 0 ? payloadAt : PACKET_BYTES,
  };
}

/** Times of a PES packet, in ticks, and where they stand in the packet's bytes. */
export interface PesTimes {
  readonly pts: number;
  readonly ptsAt: number;
  readonly dts: number;
  /** -1: there is none of its own, it is the PTS. */
  readonly dtsAt: number;
}

/** @param packet 188 bytes whose payload begins a PES packet; undefined when that has no times */
export function readPesTimes(packet: Buffer, payloadAt: number): PesTimes | undefined {
  if (payloadAt + 14 > PACKET_BYTES || packet.readUIntBE(payloadAt, 3) !== 1) return undefined;
  const flags = (packet[payloadAt + 7] as number) >> 6;
  if (flags < 2) return undefined;
  const ptsAt = payloadAt + 9;
  const dtsAt = flags === 3 && payloadAt + 19 <= PACKET_BYTES ? payloadAt + 14 : -1;
  const pts = readTime(packet, ptsAt);
  return { pts, ptsAt, dts: dtsAt === -1 ? pts : readTime(packet, dtsAt), dtsAt };
}

function readTime(bytes: Buffer, at: number): number {
  const high = ((bytes[at] as number) >> 1) & 0x7;
  const middle = bytes.readUInt16BE(at + 1) >> 1;
  const low = bytes.readUInt16BE(at + 3) >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}

/** Keeps the marker bits and the prefix that are there. */
export function writeTime(bytes: Buffer, at: number, ticks: number): void {
  const time = modulo(ticks);
  const high = Math.floor(time / 2 ** 30);
  const middle = Math.floor(time / 2 ** 15) % 2 ** 15;
  const low = time % 2 ** 15;
  bytes[at] = ((bytes[at] as number) & 0xf1) | (high << 1);
  bytes.writeUInt16BE((middle << 1) | 1, at + 1);
  bytes.writeUInt16BE((low << 1) | 1, at + 3);
}

/** The base of a program clock reference, in ticks; its extension of 27 MHz stays as it is. */
export function readPcr(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 + ((bytes[at + 4] as number) >> 7);
}

export function writePcr(bytes: Buffer, at: number, ticks: number): void {
  const time = modulo(ticks);
  bytes.writeUInt32BE(Math.floor(time / 2), at);
  bytes[at + 4] = ((bytes[at + 4] as number) & 0x7f) | ((time % 2) << 7);
}

export function modulo(ticks: number): number {
  return ((ticks % TIME_MODULUS) + TIME_MODULUS) % TIME_MODULUS;
}

/** A time as the one of its equals modulo 2^33 that is nearest to another: streams longer than 26.5 h wrap around. */
export function unwrap(ticks: number, near: number): number {
  return ticks + Math.round((near - ticks) / TIME_MODULUS) * TIME_MODULUS;
}

/**
 * A packet with nothing in it but that something is damaged: a demuxer leaves out what it has of that stream, and has not
 * whole. @param counter of the packet before it
 */
export function damageMark(pid: number, counter: number): Buffer {
  const mark = Buffer.alloc(PACKET_BYTES, 0xff);
  mark[0] = SYNC;
  mark.writeUInt16BE(0x8000 | pid, 1);
  // An adaptation field alone.
  mark[3] = 0x20 | counter;
  mark[4] = PACKET_BYTES - 5;
  mark[5] = 0;
  return mark;
}
