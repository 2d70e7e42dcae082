import { OPUS_RATE_HZ } from '../tracks/opus.ts';
import type { TrackDescription } from '../tracks/sample.ts';

const FLAC_STREAM_INFO_BYTES = 34;
const XIPH_HEADERS = 3;
/** Of the first of Vorbis's and Theora's headers. */
const XIPH_FIRST_BYTES: Readonly<Record<string, number>> = { vorbis: 30, theora: 42 };

/** A codec's configuration as Matroska has it. */
export function codecPrivate({ info, configuration }: TrackDescription): Buffer {
  if (info.codec === 'flac' && configuration.length === FLAC_STREAM_INFO_BYTES)
    return Buffer.concat([
      Buffer.from('fLaC'),
      Buffer.from([0x80, 0, 0, FLAC_STREAM_INFO_BYTES]),
      configuration,
    ]);
  const firstBytes = XIPH_FIRST_BYTES[info.codec];
  if (firstBytes !== undefined && configuration.length > 2 && configuration.readUInt16BE(0) === firstBytes)
    return laced(configuration);
  return configuration;
}

const BITMAP_HEADER_BYTES = 40;
const BITS_PER_PIXEL = 24;

/** BITMAPINFOHEADER, as AVI has it, and the codec's configuration. */
export function bitmapHeader({ info, tag, configuration }: TrackDescription): Buffer {
  const { width = 0, height = 0 } = info;
  const header = Buffer.alloc(BITMAP_HEADER_BYTES);
  header.writeUInt32LE(BITMAP_HEADER_BYTES + configuration.length, 0);
  header.writeInt32LE(width, 4);
  header.writeInt32LE(height, 8);
  header.writeUInt16LE(1, 12);
  header.writeUInt16LE(BITS_PER_PIXEL, 14);
  tag.copy(header, 16, 0, 4);
  header.writeUInt32LE(width * height * 3, 20);
  return Buffer.concat([header, configuration]);
}

/** Three headers, each behind its length in two bytes, with all lengths in front. */
function laced(configuration: Buffer): Buffer {
  const headers: Buffer[] = [];
  for (let at = 0; headers.length < XIPH_HEADERS && at + 2 <= configuration.length; ) {
    const bytes = configuration.readUInt16BE(at);
    headers.push(configuration.subarray(at + 2, at + 2 + bytes));
    at += 2 + bytes;
  }
  const lengths = headers
    .slice(0, -1)
    .flatMap(({ length }) => [...Array<number>(Math.floor(length / 255)).fill(255), length % 255]);
  return Buffer.concat([Buffer.from([headers.length - 1, ...lengths]), ...headers]);
}

const OPUS_HEAD_BYTES = 19;

/** What is decoded first and not heard: blocks' times are later by that. */
export function delaySeconds({ info, configuration, primingSamples, timescale }: TrackDescription): number {
  if (info.codec === 'opus' && configuration.length >= OPUS_HEAD_BYTES)
    return configuration.readUInt16LE(10) / OPUS_RATE_HZ;
  return primingSamples / timescale;
}
