import type { TrackDescription } from '../tracks/sample.ts';
import { MediaError } from '../types.ts';
import { box, u32 } from './boxes.ts';

/** Sample entry and configuration box of each codec that MP4 carries here. */
const VIDEO_ENTRIES: Readonly<Record<string, readonly [entry: string, configuration: string]>> = {
  h264: ['avc1', 'avcC'],
  // Parameter sets may lie in the samples too, as the source sends them.
  hevc: ['hev1', 'hvcC'],
  av1: ['av01', 'av1C'],
};
const DPI_72 = 0x48_0000;
const COMPRESSOR_NAME_BYTES = 32;

/** The sample description box of a track. @throws MediaError a codec that MP4 does not carry */
export function sampleDescription(description: TrackDescription): Buffer {
  const entry = description.info.kind === 'video' ? visualEntry(description) : audioEntry(description);
  return box('stsd', u32(0, 1), entry);
}

function visualEntry({ info, configuration, pixelWidth, pixelHeight }: TrackDescription): Buffer {
  const names = VIDEO_ENTRIES[info.codec];
  if (names === undefined) throw new MediaError(`MP4 does not carry ${info.codec}`);
  const [name, configurationName] = names;
  return box(
    name,
    u32(0, 1),
    Buffer.alloc(16),
    u16(info.width ?? 0, info.height ?? 0),
    u32(DPI_72, DPI_72, 0),
    u16(1),
    Buffer.alloc(COMPRESSOR_NAME_BYTES),
    u16(24, 0xffff),
    box(configurationName, configuration),
    ...(pixelWidth === pixelHeight ? [] : [box('pasp', u32(pixelWidth, pixelHeight))]),
  );
}

const SAMPLE_RATE_MAX_HZ = 0xffff;

function audioEntry({ info, configuration }: TrackDescription): Buffer {
  if (info.codec !== 'aac') throw new MediaError(`MP4 does not carry ${info.codec}`);
  const rateHz = info.sampleRateHz ?? 0;
  return box(
    'mp4a',
    u32(0, 1, 0, 0),
    u16(info.channels ?? 2, 16, 0, 0),
    // 16.16: what does not fit stands in the configuration alone.
    u32(rateHz > SAMPLE_RATE_MAX_HZ ? 0 : rateHz * 0x1_0000),
    box('esds', u32(0), streamDescriptor(configuration)),
  );
}

const AAC = 0x40;
const AUDIO_STREAM = 0x15;

/** ES_Descriptor (ISO/IEC 14496-1, 7.2.6.5) of AAC. */
function streamDescriptor(configuration: Buffer): Buffer {
  const decoder = descriptor(
    4,
    Buffer.from([AAC, AUDIO_STREAM, 0, 0, 0]),
    u32(0, 0),
    descriptor(5, configuration),
  );
  return descriptor(3, u16(0), Buffer.from([0]), decoder, descriptor(6, Buffer.from([2])));
}

/** With its length in four bytes, as everybody writes it. */
function descriptor(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const septets = [21, 14, 7].map((shift) => 0x80 | ((length >> shift) & 0x7f));
  return Buffer.concat([Buffer.from([tag, ...septets, length & 0x7f]), content]);
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value & 0xffff, 2 * i);
  return bytes;
}
