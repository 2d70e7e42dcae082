import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Packet as ReadPacket } from '../../functions/core/media/tracks/packet.ts';
import { AUDIO, type FlvTag } from './flvTags.ts';

/** Codecs that FLV got with enhanced RTMP: their sign there, and the MP4 box that has their configuration. */
const CODECS = {
  hevc: { sign: 'hvc1', box: 'hvcC', hasOffset: true },
  av1: { sign: 'av01', box: 'av1C', hasOffset: false },
  vp9: { sign: 'vp09', box: 'vpcC', hasOffset: false },
} as const;
type EnhancedCodec = keyof typeof CODECS;
export const ENHANCED_CODECS = Object.keys(CODECS) as EnhancedCodec[];

const BOX_HEADER_BYTES = 8;
const VIDEO_TAG = 9;
const IS_ENHANCED = 0x80;
const FRAME_TYPE = { key: 1 << 4, inter: 2 << 4 } as const;
const PACKET_TYPE = { sequenceStart: 0, codedFrames: 1 } as const;

interface Packet {
  readonly pos: string;
  readonly size: string;
  readonly pts_time: string;
  readonly dts_time: string;
  readonly flags: string;
}

/** The video of an MP4 as an encoder publishes it over enhanced RTMP. B-frames may be HEVC's alone. */
export function enhancedFlv(mp4: string, codec: EnhancedCodec): Buffer {
  const { sign, box, hasOffset } = CODECS[codec];
  const bytes = readFileSync(mp4);
  const boxAt = bytes.indexOf(box) - 4;
  const configuration = bytes.subarray(boxAt + BOX_HEADER_BYTES, boxAt + bytes.readUInt32BE(boxAt));
  const entries = ['-show_entries', 'packet=pos,size,pts_time,dts_time,flags', '-of', 'json', mp4];
  const { packets } = JSON.parse(
    execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v:0', ...entries], { encoding: 'utf8' }),
  ) as { packets: Packet[] };

  const head = (frame: 'key' | 'inter', type: keyof typeof PACKET_TYPE): Buffer =>
    Buffer.concat([Buffer.of(IS_ENHANCED | FRAME_TYPE[frame] | PACKET_TYPE[type]), Buffer.from(sign)]);
  const pieces = [
    Buffer.from([0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0]),
    tag(0, Buffer.concat([head('key', 'sequenceStart'), configuration])),
  ];
  const ms = (seconds: string | undefined): number => Math.round(Number(seconds) * 1_000);
  // An MP4 with B-frames may begin below zero, by its decoding times.
  const firstMs = Math.min(0, ms(packets[0]?.dts_time));
  for (const { pos, size, pts_time, dts_time, flags } of packets) {
    const frame = bytes.subarray(Number(pos), Number(pos) + Number(size));
    const start = head(flags.startsWith('K') ? 'key' : 'inter', 'codedFrames');
    const offset = Buffer.alloc(hasOffset ? 3 : 0);
    if (hasOffset) offset.writeIntBE(ms(pts_time) - ms(dts_time), 0, 3);
    pieces.push(tag(ms(dts_time) - firstMs, Buffer.concat([start, offset, frame])));
  }
  return Buffer.concat(pieces);
}

const SAMPLES_PER_MS = 48;

/** Opus as it is published over enhanced RTMP: what is before zero comes with it. @param header as Ogg has it */
export function enhancedOpus(header: Buffer, packets: readonly ReadPacket[]): FlvTag[] {
  const body = (type: keyof typeof PACKET_TYPE, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.of(0x90 | PACKET_TYPE[type]), Buffer.from('Opus'), payload]);
  return [
    { kind: AUDIO, atMs: 0, body: body('sequenceStart', header) },
    ...packets.map(({ dts, data }) => ({
      kind: AUDIO,
      atMs: Math.max(0, Math.round(dts / SAMPLES_PER_MS)),
      body: body('codedFrames', data),
    })),
  ];
}

function tag(timeMs: number, body: Buffer): Buffer {
  const head = Buffer.alloc(11);
  head[0] = VIDEO_TAG;
  head.writeUIntBE(body.length, 1, 3);
  head.writeUIntBE(timeMs, 4, 3);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(head.length + body.length);
  return Buffer.concat([head, body, tail]);
}
