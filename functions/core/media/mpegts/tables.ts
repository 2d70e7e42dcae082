import type { TrackInfo } from '../types.ts';
import { PACKET_BYTES } from './packets.ts';

export interface ElementaryStream {
  readonly pid: number;
  readonly info: TrackInfo;
}

const CODECS: Readonly<Record<number, TrackInfo>> = {
  2: { kind: 'video', codec: 'mpeg2video' },
  3: { kind: 'audio', codec: 'mp3' },
  4: { kind: 'audio', codec: 'mp3' },
  15: { kind: 'audio', codec: 'aac' },
  17: { kind: 'audio', codec: 'aac' },
  27: { kind: 'video', codec: 'h264' },
  36: { kind: 'video', codec: 'hevc' },
  129: { kind: 'audio', codec: 'ac3' },
};
/** Of more programs nobody would choose. */
const PROGRAMS_MAX = 64;
/** Private data: what it is stands in a registration descriptor. */
const PRIVATE_DATA = 6;

/** PID of the first program's map. @param packet whose payload begins a program association table */
export function programMapPid(packet: Buffer, payloadAt: number): number | undefined {
  const section = payloadAt + 1 + (packet[payloadAt] ?? 0);
  if (section + 12 > PACKET_BYTES || packet[section] !== 0) return undefined;
  return packet.readUInt16BE(section + 10) & 0x1fff;
}

/** Of all programs. @param packet as `programMapPid`'s. @returns undefined where it has none */
export function programMapPids(packet: Buffer, payloadAt: number): ReadonlySet<number> | undefined {
  const section = payloadAt + 1 + (packet[payloadAt] ?? 0);
  if (section + 12 > PACKET_BYTES || packet[section] !== 0) return undefined;
  const end = Math.min(PACKET_BYTES, section + 3 + (packet.readUInt16BE(section + 1) & 0x3ff) - 4);
  const listed = new Set<number>();
  for (let at = section + 8; at + 4 <= end && listed.size < PROGRAMS_MAX; at += 4) {
    // Program 0 is the network's information.
    if (packet.readUInt16BE(at) !== 0) listed.add(packet.readUInt16BE(at + 2) & 0x1fff);
  }
  return listed;
}

/** @param packet whose payload begins a program map table; ffmpeg's fits into one packet */
export function elementaryStreams(packet: Buffer, payloadAt: number): ElementaryStream[] {
  const section = payloadAt + 1 + (packet[payloadAt] ?? 0);
  if (section + 12 > PACKET_BYTES || packet[section] !== 2) return [];
  const sectionBytes = packet.readUInt16BE(section + 1) & 0x3ff;
  const end = Math.min(PACKET_BYTES, section + 3 + sectionBytes - 4);
  const streams: ElementaryStream[] = [];
  let at = section + 12 + (packet.readUInt16BE(section + 10) & 0x3ff);
  while (at + 5 <= end) {
    const type = packet[at] as number;
    const pid = packet.readUInt16BE(at + 1) & 0x1fff;
    const infoBytes = packet.readUInt16BE(at + 3) & 0x3ff;
    const descriptors = packet.subarray(at + 5, Math.min(end, at + 5 + infoBytes)).toString('latin1');
    const info = type === PRIVATE_DATA ? privateInfo(descriptors) : CODECS[type];
    if (info !== undefined) streams.push({ pid, info });
    at += 5 + infoBytes;
  }
  return streams;
}

function privateInfo(descriptors: string): TrackInfo | undefined {
  return descriptors.includes('Opus') ? { kind: 'audio', codec: 'opus' } : undefined;
}
