import type { ElementaryStream } from './tables.ts';

const TYPES: Readonly<Record<string, number>> = { h264: 27, hevc: 36, aac: 15 };

/** What the codec is in a program map table; undefined for one that is not carried here. */
export const streamType = (codec: string): number | undefined => TYPES[codec];

/** Program association table with one program. */
export function associationTable(mapPid: number): Buffer {
  return section(0, 1, Buffer.from([0, 1, 0xe0 | (mapPid >> 8), mapPid & 0xff]));
}

/** Program map table. @param clockPid of the stream that has the clock references */
export function mapTable(streams: readonly ElementaryStream[], clockPid: number): Buffer {
  const entries = streams.map(({ pid, info }) =>
    Buffer.from([TYPES[info.codec] ?? 6, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, 0]),
  );
  return section(
    2,
    1,
    Buffer.concat([Buffer.from([0xe0 | (clockPid >> 8), clockPid & 0xff, 0xf0, 0]), ...entries]),
  );
}

/** A section with its pointer and its checksum (ISO/IEC 13818-1, 2.4.4). */
function section(table: number, id: number, body: Buffer): Buffer {
  const length = 5 + body.length + 4;
  const content = Buffer.concat([
    Buffer.from([table, 0xb0 | (length >> 8), length & 0xff, id >> 8, id & 0xff, 0xc1, 0, 0]),
    body,
  ]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32Mpeg(content));
  return Buffer.concat([Buffer.from([0]), content, crc]);
}

const POLYNOMIAL = 0x04c1_1db7;

/** The checksum of MPEG's tables: unlike the usual CRC-32 it is not mirrored. */
function crc32Mpeg(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000_0000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  }
  return crc >>> 0;
}
