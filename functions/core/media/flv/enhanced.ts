import type { OtherTrack } from '../live/runCutter.ts';
import { AAC, COMMAND, EX_AUDIO, EX_VIDEO, PACKET, SIZE_BYTES, TAG_HEADER_BYTES } from './tagLayout.ts';

/**
 * Enhanced RTMP (Veovera, version 2), made of what demuxers of FLV read. ffmpeg 7.1 knows HEVC, AV1 and VP9 of it, a track of
 * each kind and no modifiers: of several tracks the one with the lowest number is left, and codecs that FLV had before are
 * written as they were. HEVC as FLV had it before that, by number 12 of many servers and cameras, becomes what it became.
 */

export type FlvMedia = 'audio' | 'video';

/** What a tag holds of one track. */
interface Packet {
  readonly track: number;
  readonly type: number;
  readonly fourCc: string;
  readonly payload: Buffer;
}

const FOUR_CC_BYTES = 4;
const MULTITRACK: Readonly<Record<FlvMedia, number>> = { audio: 5, video: 6 };
const ONE_TRACK = 0;
const MANY_CODECS = 2;
/** Their numbers have a byte. */
const TRACKS_MAX = 256;
const LONG_MODIFIER_BYTES = 256;

const AVC_BEFORE = 7;
const HEVC_BEFORE = 12;
const AAC_BEFORE = 0xaf;
/** 44.1 kHz, stereo: decoders look into the frames. */
const MP3_BEFORE = 0x2f;
const NO_OFFSET = Buffer.alloc(3);

const CODECS: Readonly<Record<string, string>> = {
  [AVC_BEFORE]: 'h264',
  [AAC]: 'aac',
  avc1: 'h264',
  hvc1: 'hevc',
  vvc1: 'vvc',
  av01: 'av1',
  vp08: 'vp8',
  vp09: 'vp9',
  mp4a: 'aac',
  '.mp3': 'mp3',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  Opus: 'opus',
  fLaC: 'flac',
};

/** @param coding a codec's four letters, or its number where it has a configuration */
export const codecOf = (coding: string): string => CODECS[coding] ?? 'none';

/** Reads the tags of one stream. */
export class PlainTags {
  readonly #tracks: Readonly<Record<FlvMedia, Map<number, string>>> = { audio: new Map(), video: new Map() };

  /** Tracks that are left out. */
  get others(): readonly OtherTrack[] {
    return (['video', 'audio'] as const).flatMap((kind) => {
      const lowest = this.#lowest(kind);
      const others = [...this.#tracks[kind]].filter(([track]) => track !== lowest);
      return others.map(([, fourCc]) => ({ kind, codec: codecOf(fourCc), reason: 'other_track' as const }));
    });
  }

  /** @returns the tag as every demuxer reads it, which may be itself; undefined: it is of other tracks alone */
  plain(kind: FlvMedia, tag: Buffer): Buffer | undefined {
    const body = tag.subarray(TAG_HEADER_BYTES, tag.length - SIZE_BYTES);
    if (body.length < 2) return tag;
    const first = body[0] ?? 0;
    const second = body[1] ?? 0;
    if (!isEnhanced(kind, first)) {
      this.#tracks[kind].set(0, '');
      const isHevc = kind === 'video' && (first & 15) === HEVC_BEFORE && second <= PACKET.sequenceEnd;
      return isHevc ? withBody(tag, hevcOf(first >> 4, second, body)) : tag;
    }
    const frame = (first >> 4) & 7;
    const isCommand = kind === 'video' && frame === COMMAND && (first & 15) !== PACKET.metadata;
    if (isCommand) return tag;
    const { packets, isPlain } = packetsOf(kind, body);
    for (const { track, fourCc } of packets) this.#tracks[kind].set(track, fourCc);
    const lowest = this.#lowest(kind);
    const packet = packets.find(({ track }) => track === lowest);
    if (packet === undefined) return undefined;
    const before = kind === 'video' ? videoBefore(frame, packet) : audioBefore(packet);
    if (before !== undefined) return withBody(tag, before);
    if (isPlain) return tag;
    const { type, fourCc, payload } = packet;
    const head = Buffer.of((first & 0xf0) | type);
    return withBody(tag, Buffer.concat([head, Buffer.from(fourCc, 'latin1'), payload]));
  }

  #lowest(kind: FlvMedia): number {
    return Math.min(...this.#tracks[kind].keys());
  }
}

const isEnhanced = (kind: FlvMedia, first: number): boolean =>
  kind === 'video' ? first >= EX_VIDEO : first >> 4 === EX_AUDIO;

/**
 * What a tag's body says, of which tracks.
 * @returns the type as enhanced RTMP has it (`PACKET`), also of what FLV had before
 */
export function saidByBody(
  kind: FlvMedia,
  body: Buffer,
): { readonly type: number; readonly tracks: readonly number[] } {
  const first = body[0] ?? 0;
  if (isEnhanced(kind, first)) {
    const { type, packets } = packetsOf(kind, body);
    return { type, tracks: packets.map(({ track }) => track) };
  }
  const saysType = kind === 'audio' ? first >> 4 === AAC : [AVC_BEFORE, HEVC_BEFORE].includes(first & 15);
  return { type: saysType ? (body[1] ?? 0) : PACKET.codedFrames, tracks: [0] };
}

/** What is cut off gives less; `isPlain`: the body is that of one packet, and says nothing else. */
function packetsOf(
  kind: FlvMedia,
  body: Buffer,
): { readonly type: number; readonly packets: readonly Packet[]; readonly isPlain: boolean } {
  let type = (body[0] ?? 0) & 15;
  let at = 1;
  while (type === PACKET.modifier && at < body.length) {
    const shortBytes = (body[at] ?? 0) + 1;
    const isLong = shortBytes === LONG_MODIFIER_BYTES;
    at += isLong ? 3 + ((body[at + 1] ?? 0) << 8) + (body[at + 2] ?? 0) + 1 : 1 + shortBytes;
    type = (body[at] ?? 0) & 15;
    at += 1;
  }
  const fourCcAt = (place: number): string => body.toString('latin1', place, place + FOUR_CC_BYTES);
  if (type !== MULTITRACK[kind]) {
    const payload = body.subarray(at + FOUR_CC_BYTES);
    return { type, packets: [{ track: 0, type, fourCc: fourCcAt(at), payload }], isPlain: at === 1 };
  }
  const multi = (body[at] ?? 0) >> 4;
  type = (body[at] ?? 0) & 15;
  at += 1;
  const shared = multi === MANY_CODECS ? undefined : fourCcAt(at);
  if (shared !== undefined) at += FOUR_CC_BYTES;
  const packets: Packet[] = [];
  while (at < body.length && packets.length < TRACKS_MAX) {
    const fourCc = shared ?? fourCcAt(at);
    if (shared === undefined) at += FOUR_CC_BYTES;
    const track = body[at] ?? 0;
    at += 1;
    let end = body.length;
    if (multi !== ONE_TRACK) {
      if (at + 3 > body.length) break;
      end = at + 3 + body.readUIntBE(at, 3);
      at += 3;
    }
    packets.push({ track, type, fourCc, payload: body.subarray(at, end) });
    at = end;
  }
  return { type, packets, isPlain: false };
}

function videoBefore(frame: number, { type, fourCc, payload }: Packet): Buffer | undefined {
  if (fourCc !== 'avc1') return undefined;
  const head = (kind: number): Buffer => Buffer.of((frame << 4) | AVC_BEFORE, kind);
  if (type === PACKET.codedFrames) return Buffer.concat([head(1), payload]);
  if (type === PACKET.codedFramesX) return Buffer.concat([head(1), NO_OFFSET, payload]);
  if (type === PACKET.sequenceStart) return Buffer.concat([head(type), NO_OFFSET, payload]);
  // What else it says would be taken for a picture.
  return type === PACKET.sequenceEnd ? Buffer.concat([head(type), NO_OFFSET]) : undefined;
}

function audioBefore({ type, fourCc, payload }: Packet): Buffer | undefined {
  const isStart = type === PACKET.sequenceStart;
  if (!isStart && type !== PACKET.codedFrames) return undefined;
  if (fourCc === 'mp4a') return Buffer.concat([Buffer.of(AAC_BEFORE, isStart ? 0 : 1), payload]);
  return fourCc === '.mp3' && !isStart ? Buffer.concat([Buffer.of(MP3_BEFORE), payload]) : undefined;
}

/** @param type the same numbers in both */
function hevcOf(frame: number, type: number, body: Buffer): Buffer {
  const head = Buffer.of(EX_VIDEO | (frame << 4) | type);
  return Buffer.concat([head, Buffer.from('hvc1'), body.subarray(type === PACKET.codedFrames ? 2 : 5)]);
}

function withBody(tag: Buffer, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(TAG_HEADER_BYTES + body.length + SIZE_BYTES);
  tag.copy(bytes, 0, 0, TAG_HEADER_BYTES);
  bytes.writeUIntBE(body.length, 1, 3);
  body.copy(bytes, TAG_HEADER_BYTES);
  bytes.writeUInt32BE(TAG_HEADER_BYTES + body.length, TAG_HEADER_BYTES + body.length);
  return bytes;
}
