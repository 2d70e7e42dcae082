import { ifReadable } from '../ifReadable.ts';
import { MediaError } from '../types.ts';
import { BitReader } from './bitReader.ts';
import { type NalCodec, type SequenceParameters, SLICE_HEADER_BYTES, type UnitKind } from './codec.ts';
import { skipToUsability } from './hevcShape.ts';
import { type PixelShape, readCropped, readPixelShape } from './size.ts';
import { payloadOf, UnitReader, withLength } from './units.ts';

/** NAL units of one type in a record. */
export interface HevcArray {
  /** All sets of the type are here, and none in the samples. */
  readonly isComplete: boolean;
  readonly type: number;
  readonly units: readonly Buffer[];
}

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1). */
export interface HevcRecord {
  /** Profile, tier, compatibility, constraints and level: 12 bytes as the SPS has them. */
  readonly profile: Buffer;
  readonly minSpatialSegmentation: number;
  readonly parallelism: number;
  readonly chromaFormat: number;
  readonly lumaBits: number;
  readonly chromaBits: number;
  readonly averageFrameRate: number;
  readonly constantFrameRate: number;
  readonly temporalLayers: number;
  readonly isNested: boolean;
  readonly lengthBytes: number;
  readonly arrays: readonly HevcArray[];
}

const PROFILE_BYTES = 12;

/** @throws MediaError */
export function parseHevcRecord(bytes: Buffer): HevcRecord {
  const fields = new UnitReader(bytes, 0);
  if (fields.u8() !== 1) throw new MediaError('an hvcC has another version');
  const profile = Buffer.from(Array.from({ length: PROFILE_BYTES }, () => fields.u8()));
  const minSpatialSegmentation = fields.u16() & 0xfff;
  const [parallelism, chromaFormat] = [fields.u8() & 3, fields.u8() & 3];
  const [lumaBits, chromaBits] = [(fields.u8() & 7) + 8, (fields.u8() & 7) + 8];
  const averageFrameRate = fields.u16();
  const packed = fields.u8();
  const arrays = Array.from({ length: fields.u8() }, () => {
    const head = fields.u8();
    return { isComplete: (head & 0x80) !== 0, type: head & 63, units: fields.units(fields.u16()) };
  });
  return {
    profile,
    minSpatialSegmentation,
    parallelism,
    chromaFormat,
    lumaBits,
    chromaBits,
    averageFrameRate,
    constantFrameRate: packed >> 6,
    temporalLayers: (packed >> 3) & 7,
    isNested: (packed & 4) !== 0,
    lengthBytes: (packed & 3) + 1,
    arrays,
  };
}

/** @throws MediaError more sets than can be counted */
export function buildHevcRecord(record: HevcRecord): Buffer {
  const { arrays, constantFrameRate, temporalLayers, isNested, lengthBytes } = record;
  if (arrays.length > 255) throw new MediaError('there are too many parameter sets');
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(0xf000 | record.minSpatialSegmentation, 0);
  fixed[2] = 0xfc | record.parallelism;
  fixed[3] = 0xfc | record.chromaFormat;
  fixed[4] = 0xf8 | (record.lumaBits - 8);
  fixed[5] = 0xf8 | (record.chromaBits - 8);
  fixed.writeUInt16BE(record.averageFrameRate, 6);
  fixed[8] = (constantFrameRate << 6) | (temporalLayers << 3) | (isNested ? 4 : 0) | (lengthBytes - 1);
  fixed[9] = arrays.length;
  const lists = arrays.map(({ isComplete, type, units }) => {
    const head = Buffer.from([(isComplete ? 0x80 : 0) | type, units.length >> 8, units.length & 0xff]);
    return Buffer.concat([head, ...units.map(withLength)]);
  });
  return Buffer.concat([Buffer.from([1]), record.profile, fixed, ...lists]);
}

export interface HevcSequence extends SequenceParameters, PixelShape {
  readonly profile: Buffer;
  readonly chromaFormat: number;
  readonly lumaBits: number;
  readonly chromaBits: number;
  readonly temporalLayers: number;
  readonly isNested: boolean;
}

/** seq_parameter_set_rbsp (ITU-T H.265, 7.3.2.2), as far as the shape of a pixel. @throws MediaError */
export function parseHevcSequence(sps: Buffer): HevcSequence {
  const payload = payloadOf(sps, 2);
  const bits = new BitReader(payload);
  const subLayers = bits.skip(4).bits(3);
  const isNested = bits.flag();
  const profile = Buffer.from(payload.subarray(1, 1 + PROFILE_BYTES));
  skipSubLayers(bits.skip(8 * PROFILE_BYTES), subLayers);
  const id = bits.unsigned();
  const chromaFormat = bits.unsigned();
  if (chromaFormat > 3) throw new MediaError('an SPS has an unknown chroma format');
  const isSeparate = chromaFormat === 3 && bits.flag();
  const coded = { width: bits.unsigned(), height: bits.unsigned() };
  const { width, height } = readCropped(bits, coded, { chromaFormat, isSeparate }, 1);
  const [lumaBits, chromaBits] = [bits.unsigned() + 8, bits.unsigned() + 8];
  // What a record can say.
  if (lumaBits > 15 || chromaBits > 15) throw new MediaError('an SPS has an impossible bit depth');
  return {
    id,
    width,
    height,
    profile,
    chromaFormat,
    lumaBits,
    chromaBits,
    temporalLayers: subLayers + 1,
    isNested,
    ...shapeBehind(bits, subLayers),
  };
}

/** What cannot be read up to there says nothing of it. */
const shapeBehind = (bits: BitReader, subLayers: number): PixelShape =>
  ifReadable(() => {
    skipToUsability(bits, subLayers);
    return readPixelShape(bits);
  }) ?? { pixelWidth: 0, pixelHeight: 0 };

/** The rest of profile_tier_level: profiles and levels of the temporal layers below the highest. */
function skipSubLayers(bits: BitReader, subLayers: number): void {
  const present = Array.from({ length: subLayers }, () => ({ profile: bits.flag(), level: bits.flag() }));
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const { profile, level } of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

const VPS = 32;
const SPS = 33;
const PPS = 34;
const SETS: Readonly<Record<number, UnitKind>> = { [VPS]: 'vps', [SPS]: 'sps', [PPS]: 'pps' };
const FIRST_INTRA = 16;
const LAST_INTRA = 23;

const typeOf = (unit: Buffer): number => ((unit[0] ?? 0) >> 1) & 63;

/** H.265, High Efficiency Video Coding (ITU-T H.265). */
export const hevc: NalCodec = {
  kindOf: (unit) => (typeOf(unit) < VPS ? 'slice' : SETS[typeOf(unit)]),
  parseConfiguration: (bytes) => {
    const record = parseHevcRecord(bytes);
    return {
      lengthBytes: record.lengthBytes,
      units: record.arrays.flatMap(({ units }) => units),
      withSets: (sets) => withSets(record, sets),
    };
  },
  newRecord: (sets) => withSets({ lengthBytes: 4, arrays: [] }, sets),
  sequenceOf: parseHevcSequence,
  pictureOf: (pps) => {
    const bits = new BitReader(payloadOf(pps.subarray(0, SLICE_HEADER_BYTES), 2));
    return { id: bits.unsigned(), sequenceId: bits.unsigned() };
  },
  pictureIdOf: (slice) => {
    const bits = new BitReader(payloadOf(slice.subarray(0, SLICE_HEADER_BYTES), 2));
    const type = typeOf(slice);
    // Whether it is the picture's first; and what to do with earlier pictures, where none refers to them.
    bits.skip(type >= FIRST_INTRA && type <= LAST_INTRA ? 2 : 1);
    return bits.unsigned();
  },
};

function withSets(record: Pick<HevcRecord, 'lengthBytes' | 'arrays'>, sets: readonly Buffer[]): Buffer {
  const used = sets.find((unit) => typeOf(unit) === SPS);
  if (used === undefined) throw new MediaError('there is no SPS');
  const { id: _id, width: _width, height: _height, ...sequence } = parseHevcSequence(used);
  const arrays = [VPS, SPS, PPS].map((type) => ({
    isComplete: record.arrays.find((array) => array.type === type)?.isComplete ?? false,
    type,
    units: sets.filter((unit) => typeOf(unit) === type),
  }));
  const others = record.arrays.filter(({ type }) => SETS[type] === undefined);
  return buildHevcRecord({
    ...record,
    ...sequence,
    // 0 and 0: not known.
    minSpatialSegmentation: 0,
    parallelism: 0,
    averageFrameRate: 0,
    constantFrameRate: 0,
    arrays: [...arrays.filter(({ units }) => units.length > 0), ...others],
  });
}
