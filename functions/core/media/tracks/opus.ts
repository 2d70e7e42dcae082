import { MediaError } from '../types.ts';

/** All of Opus is decoded to this rate. */
export const OPUS_RATE_HZ = 48_000;
/** Identification header (RFC 7845, 5.1): its name, a version, and how many channels there are. */
const HEADER_START = Buffer.from('OpusHead', 'latin1');
const HEADER_MIN_BYTES = 19;
const CHANNELS_AT = 9;

/** @returns channels. @throws MediaError it is no identification header */
export function channelsOfOpus(header: Buffer): number {
  const channels = header[CHANNELS_AT] ?? 0;
  if (header.length < HEADER_MIN_BYTES || !header.subarray(0, 8).equals(HEADER_START) || channels === 0)
    throw new MediaError('an identification header of Opus is something else');
  return channels;
}

/** Frames of each configuration, in samples (RFC 6716, table 2): speech, both, and all else. */
const SPEECH = [480, 960, 1_920, 2_880];
const MIXED = [480, 960];
const OTHER = [120, 240, 480, 960];
const COUNTED = 3;

/** How long a packet of Opus is heard, in samples. */
export function samplesOfOpus(packet: Buffer): number {
  const [head = 0, counted = 0] = packet;
  const configuration = head >> 3;
  const lengths = configuration < 12 ? SPEECH : configuration < 16 ? MIXED : OTHER;
  const length = lengths[configuration % lengths.length] ?? 0;
  const code = head & 3;
  const frames = code === COUNTED ? counted & 63 : code === 0 ? 1 : 2;
  return length * frames;
}
