import { MediaError } from '../types.ts';
import { BitReader } from './bitReader.ts';
import { type NalCodec, type SequenceParameters, SLICE_HEADER_BYTES, type UnitKind } from './codec.ts';
import { type Colours, type PixelShape, readCropped, readPixelShape } from './size.ts';
import { payloadOf, UnitReader, withLength } from './units.ts';

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
export interface AvcRecord {
  readonly profile: number;
  readonly compatibility: number;
  readonly level: number;
  readonly lengthBytes: number;
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  /** Chroma format and bit depths, for the profiles that have them. */
  readonly extension: Buffer;
}

/** @throws MediaError */
export function parseAvcRecord(bytes: Buffer): AvcRecord {
  const fields = new UnitReader(bytes, 0);
  if (fields.u8() !== 1) throw new MediaError('an avcC has another version');
  const [profile, compatibility, level] = [fields.u8(), fields.u8(), fields.u8()];
  const lengthBytes = (fields.u8() & 3) + 1;
  const sps = fields.units(fields.u8() & 31);
  const pps = fields.units(fields.u8());
  return { profile, compatibility, level, lengthBytes, sps, pps, extension: fields.rest() };
}

/** @throws MediaError more sets than can be counted */
export function buildAvcRecord(record: AvcRecord): Buffer {
  const { profile, compatibility, level, lengthBytes, sps, pps, extension } = record;
  if (sps.length > 31 || pps.length > 255) throw new MediaError('there are too many parameter sets');
  return Buffer.concat([
    Buffer.from([1, profile, compatibility, level, 0xfc | (lengthBytes - 1), 0xe0 | sps.length]),
    ...sps.map(withLength),
    Buffer.from([pps.length]),
    ...pps.map(withLength),
    extension,
  ]);
}

export interface AvcSequence extends SequenceParameters, PixelShape {
  readonly profile: number;
  readonly compatibility: number;
  readonly level: number;
  readonly chromaFormat: number;
  readonly lumaBits: number;
  readonly chromaBits: number;
  /** Each colour is a picture of its own. */
  readonly isSeparate: boolean;
  readonly frameNumberBits: number;
  readonly pictureOrder: PictureOrder;
  /** How many pictures a decoder keeps for others to refer to. */
  readonly references: number;
  /** No picture is a field. */
  readonly isProgressive: boolean;
}

/** How a slice says when its picture is shown. */
interface PictureOrder {
  readonly type: number;
  /** Of what type 0 counts. */
  readonly countBits: number;
  /** Slices say nothing more of type 1. */
  readonly isFixed: boolean;
}

/** Profiles whose SPS says how colours are coded (7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);
/** Baseline, Main, Extended: the records of all others have an extension (ISO/IEC 14496-15). */
const PLAIN_PROFILES: ReadonlySet<number> = new Set([66, 77, 88]);
const MACROBLOCK = 16;

/** seq_parameter_set_data, as far as the shape of a pixel. @throws MediaError */
export function parseAvcSequence(sps: Buffer): AvcSequence {
  const bits = new BitReader(payloadOf(sps, 1));
  const [profile, compatibility, level] = [bits.bits(8), bits.bits(8), bits.bits(8)];
  const id = bits.unsigned();
  const colours = HIGH_PROFILES.has(profile) ? readColours(bits) : PLAIN_COLOURS;
  const frameNumberBits = bits.unsigned() + 4;
  const pictureOrder = readPictureOrder(bits);
  const references = bits.unsigned();
  bits.skip(1);
  const columns = bits.unsigned() + 1;
  const mapUnits = bits.unsigned() + 1;
  const isProgressive = bits.flag();
  const fieldsPerFrame = isProgressive ? 1 : 2;
  bits.skip(isProgressive ? 1 : 2);
  const coded = { width: columns * MACROBLOCK, height: mapUnits * fieldsPerFrame * MACROBLOCK };
  const { width, height } = readCropped(bits, coded, colours, fieldsPerFrame);
  const coding = {
    ...colours,
    ...readPixelShape(bits),
    frameNumberBits,
    pictureOrder,
    references,
    isProgressive,
  };
  return { id, width, height, profile, compatibility, level, ...coding };
}

interface AvcColours extends Colours {
  readonly lumaBits: number;
  readonly chromaBits: number;
}

const PLAIN_COLOURS: AvcColours = { chromaFormat: 1, isSeparate: false, lumaBits: 8, chromaBits: 8 };

function readColours(bits: BitReader): AvcColours {
  const chromaFormat = bits.unsigned();
  if (chromaFormat > 3) throw new MediaError('an SPS has an unknown chroma format');
  const isSeparate = chromaFormat === 3 && bits.flag();
  const [lumaBits, chromaBits] = [bits.unsigned() + 8, bits.unsigned() + 8];
  if (lumaBits > 14 || chromaBits > 14) throw new MediaError('an SPS has an impossible bit depth');
  bits.skip(1);
  if (bits.flag()) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let list = 0; list < lists; list++) if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64);
  }
  return { chromaFormat, isSeparate, lumaBits, chromaBits };
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let i = 0; i < size; i++) {
    const next = (last + bits.signed() + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

function readPictureOrder(bits: BitReader): PictureOrder {
  const type = bits.unsigned();
  const countBits = type === 0 ? bits.unsigned() + 4 : 0;
  if (type !== 1) return { type, countBits, isFixed: false };
  const isFixed = bits.flag();
  bits.signed();
  bits.signed();
  const cycle = bits.unsigned();
  for (let i = 0; i < cycle; i++) bits.signed();
  return { type, countBits, isFixed };
}

const KINDS: Readonly<Record<number, UnitKind>> = { 1: 'slice', 2: 'slice', 5: 'slice', 7: 'sps', 8: 'pps' };

const kindOf = (unit: Buffer): UnitKind | undefined => KINDS[(unit[0] ?? 0) & 31];

const SLICE = 1;
const SEQUENCE = 7;
const INTRA = 2;

/**
 * Whether decoding can begin with a picture that nobody has marked: some broadcasters' encoders send its parameter sets
 * with a picture that is made of no other, and do not say that it is a recovery point.
 */
export function isUnmarkedKeyframe(units: Iterable<Buffer>): boolean {
  let hasSequence = false;
  let hasSlice = false;
  for (const unit of units) {
    const type = (unit[0] ?? 0) & 31;
    hasSequence ||= type === SEQUENCE;
    if (type !== SLICE) continue;
    const bits = new BitReader(payloadOf(unit.subarray(0, SLICE_HEADER_BYTES), 1));
    bits.unsigned();
    if (!hasSequence || bits.unsigned() % 5 !== INTRA) return false;
    hasSlice = true;
  }
  return hasSlice;
}

/** H.264, Advanced Video Coding (ITU-T H.264). */
export const h264: NalCodec = {
  kindOf,
  parseConfiguration: (bytes) => {
    const record = parseAvcRecord(bytes);
    return {
      lengthBytes: record.lengthBytes,
      units: [...record.sps, ...record.pps],
      withSets: (sets) => withSets(record, sets),
    };
  },
  newRecord: (sets) => withSets({ lengthBytes: 4 }, sets),
  sequenceOf: parseAvcSequence,
  pictureOf: (pps) => {
    const bits = new BitReader(payloadOf(pps.subarray(0, SLICE_HEADER_BYTES), 1));
    return { id: bits.unsigned(), sequenceId: bits.unsigned() };
  },
  pictureIdOf: (slice) => {
    const bits = new BitReader(payloadOf(slice.subarray(0, SLICE_HEADER_BYTES), 1));
    // First macroblock and slice type come first.
    bits.unsigned();
    bits.unsigned();
    return bits.unsigned();
  },
};

function withSets({ lengthBytes }: Pick<AvcRecord, 'lengthBytes'>, sets: readonly Buffer[]): Buffer {
  const sps = sets.filter((unit) => kindOf(unit) === 'sps');
  const pps = sets.filter((unit) => kindOf(unit) === 'pps');
  const [used] = sps;
  if (used === undefined) throw new MediaError('there is no SPS');
  const { profile, compatibility, level, chromaFormat, lumaBits, chromaBits } = parseAvcSequence(used);
  const extension = PLAIN_PROFILES.has(profile)
    ? Buffer.alloc(0)
    : Buffer.from([0xfc | chromaFormat, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0]);
  return buildAvcRecord({ profile, compatibility, level, lengthBytes, sps, pps, extension });
}
