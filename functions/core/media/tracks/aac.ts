import { BitReader } from '../nal/bitReader.ts';
import { MediaError } from '../types.ts';

export interface AacParameters {
  readonly sampleRateHz: number;
  /** 0: the configuration lists them one by one. */
  readonly channels: number;
  /** Before band replication and parametric stereo make more of it. */
  readonly coded: { readonly object: number; readonly rateHz: number; readonly channels: number };
}

const RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8];
/** Spectral band replication, and with it parametric stereo: what is heard has another rate than what is coded. */
const EXTENSIONS: ReadonlySet<number> = new Set([5, 29]);
const PARAMETRIC_STEREO = 29;

/** AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), as far as rate and channels. @throws MediaError */
export function parseAacConfiguration(bytes: Buffer): AacParameters {
  const bits = new BitReader(bytes);
  const object = readObject(bits);
  const codedHz = readRate(bits);
  const channels = CHANNELS[bits.bits(4)];
  if (channels === undefined) throw new MediaError('AAC has an unknown channel configuration');
  const sampleRateHz = EXTENSIONS.has(object) ? readRate(bits) : codedHz;
  return {
    sampleRateHz,
    channels: object === PARAMETRIC_STEREO ? 2 : channels,
    // Behind an extension stands what it extends.
    coded: { object: EXTENSIONS.has(object) ? readObject(bits) : object, rateHz: codedHz, channels },
  };
}

function readObject(bits: BitReader): number {
  const object = bits.bits(5);
  return object === 31 ? 32 + bits.bits(6) : object;
}

function readRate(bits: BitReader): number {
  const index = bits.bits(4);
  const rate = index === 15 ? bits.bits(24) : RATES_HZ[index];
  if (rate === undefined || rate === 0) throw new MediaError('AAC has an unknown sample rate');
  return rate;
}

const ADTS_BYTES = 7;
const CHECKED_ADTS_BYTES = 9;

/** A frame of AAC without its ADTS header (ISO/IEC 14496-3, 1.A.2), and what the header says. */
export interface AdtsFrame {
  readonly configuration: Buffer;
  readonly data: Buffer;
}

/** Undefined for what has no ADTS header. */
export function readAdts(frame: Buffer): AdtsFrame | undefined {
  if (frame.length < ADTS_BYTES || (frame.readUInt16BE(0) & 0xfff6) !== 0xfff0) return undefined;
  const [second = 0, third = 0, fourth = 0] = frame.subarray(1, 4);
  const object = (third >> 6) + 1;
  const rate = (third >> 2) & 15;
  const channels = ((third & 1) << 2) | (fourth >> 6);
  const isChecked = (second & 1) === 0;
  return {
    configuration: Buffer.from([(object << 3) | (rate >> 1), ((rate & 1) << 7) | (channels << 3)]),
    data: frame.subarray(isChecked ? CHECKED_ADTS_BYTES : ADTS_BYTES),
  };
}
