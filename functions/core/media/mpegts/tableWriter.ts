import type { TrackInfo } from '../types.ts';
import { type DataStream, descriptor, tableOf } from './dataStreams.ts';
import type { ElementaryStream } from './tables.ts';

const LANGUAGE = 0x0a;

const TYPES: Readonly<Record<string, number>> = { h264: 27, hevc: 36, aac: 15 };

/** What the codec is in a program map table; undefined for one that is not carried here. */
export const streamType = (codec: string): number | undefined => TYPES[codec];

/** Program association table with one program. */
export function associationTable(mapPid: number): Buffer {
  return section(0, 1, Buffer.from([0, 1, 0xe0 | (mapPid >> 8), mapPid & 0xff]));
}

/** Program map table. @param clockPid of the stream that has the clock references */
export function mapTable(
  streams: readonly ElementaryStream[],
  clockPid: number,
  data: readonly DataStream[] = [],
): Buffer {
  const entries = data.map((stream) => ({ pid: stream.pid, ...tableOf(stream) }));
  const said = Buffer.concat([...new Set(entries.map(({ ofProgram }) => ofProgram))]);
  return section(
    2,
    1,
    Buffer.concat([
      Buffer.from([0xe0 | (clockPid >> 8), clockPid & 0xff, 0xf0, said.length]),
      said,
      ...streams.map(({ pid, info }) => entry(TYPES[info.codec] ?? 6, pid, languageOf(info))),
      ...entries.map(({ type, pid, ofStream }) => entry(type, pid, ofStream)),
    ]),
  );
}

const entry = (type: number, pid: number, descriptors: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, descriptors.length]), descriptors]);

/** Of sound: three letters, and that nothing is said of what it is for (ISO/IEC 13818-1, 2.6.18). */
function languageOf({ kind, language }: TrackInfo): Buffer {
  const isSaid = kind === 'audio' && language !== undefined && /^[a-z]{3}$/.test(language);
  return isSaid ? descriptor(LANGUAGE, language, 0) : Buffer.alloc(0);
}

/** A section with its pointer and its checksum (ISO/IEC 13818-1, 2.4.4). */
function section(table: number, id: number, body: Buffer): Buffer {
  const length = 5 + body.length + 4;
  const content = Buffer.concat([
    Buffer.from([table, 0xb0 | (length >> 8), length & 0xff, id >> 8, id & 0xff, 0xc1, 0, 0]),
    body,
  ]);
  return Buffer.concat([POINTER, checked(content)]);
}

/** In front of a section that begins with its packet. */
export const POINTER: Buffer = Buffer.from([0]);

/** A section with its checksum behind it. */
export function checked(content: Buffer): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32Mpeg(content));
  return Buffer.concat([content, crc]);
}

const POLYNOMIAL = 0x04c1_1db7;

/** The checksum of MPEG's tables: unlike the usual CRC-32 it is not mirrored. */
export function crc32Mpeg(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000_0000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  }
  return crc >>> 0;
}
