import { MediaError } from '../types.ts';
import { BitReader } from './bitReader.ts';
import type { AvcSequence } from './h264.ts';
import { payloadOf } from './units.ts';

/** A picture parameter set, as far as slices are read by it. */
export interface AvcPicture {
  readonly id: number;
  readonly sequenceId: number;
  /** Coded by CABAC: what follows a slice's header begins with a byte. */
  readonly isArithmetic: boolean;
  readonly hasFieldOrder: boolean;
  /** How many pictures each list has where a slice does not say so. */
  readonly references: readonly [number, number];
  readonly isWeighted: boolean;
  /** 1: slices of B-pictures say how their references are weighted. */
  readonly biWeighting: number;
  readonly hasDeblocking: boolean;
  readonly hasRedundant: boolean;
}

/** pic_parameter_set_rbsp (ITU-T H.264, 7.3.2.2). @throws MediaError; also for slice groups, which nobody sends */
export function parseAvcPicture(pps: Buffer): AvcPicture {
  const bits = new BitReader(payloadOf(pps, 1));
  const [id, sequenceId] = [bits.unsigned(), bits.unsigned()];
  const [isArithmetic, hasFieldOrder] = [bits.flag(), bits.flag()];
  if (bits.unsigned() > 0) throw new MediaError('a picture has slice groups');
  const references = [bits.unsigned() + 1, bits.unsigned() + 1] as const;
  const isWeighted = bits.flag();
  const biWeighting = bits.bits(2);
  for (let i = 0; i < 3; i++) bits.signed();
  const hasDeblocking = bits.flag();
  const hasRedundant = bits.skip(1).flag();
  return {
    ...{ id, sequenceId, isArithmetic, hasFieldOrder, references },
    ...{ isWeighted, biWeighting, hasDeblocking, hasRedundant },
  };
}

/** A command to forget a picture, or to keep it for long: memory_management_control_operation. */
export interface MarkingCommand {
  readonly operation: number;
  /** Of 1 and 3: how many pictures before this one it is about, in pictures' numbers. */
  readonly back: number;
  /** Its bits in the payload: from, until. */
  readonly at: readonly [number, number];
}

export interface AvcSlice {
  readonly isRefresh: boolean;
  readonly frameNumber: number;
  readonly isField: boolean;
  readonly commands: readonly MarkingCommand[];
  /** Where the header ends, in bits of the payload. */
  readonly headerBits: number;
}

const REFRESH = 5;
const INTRA = 2;
const PREDICTED = 0;
const BIPREDICTED = 1;

/** slice_header (7.3.3). @param payload of a unit of type 1 or 5, without its first byte. @throws MediaError */
export function parseAvcSlice(
  firstByte: number,
  payload: Buffer,
  sequence: AvcSequence,
  picture: AvcPicture,
): AvcSlice {
  const bits = new BitReader(payload);
  const isRefresh = (firstByte & 31) === REFRESH;
  bits.unsigned();
  const type = bits.unsigned() % 5;
  if (type > INTRA) throw new MediaError('a slice is of a type that nobody sends');
  bits.unsigned();
  if (sequence.isSeparate) bits.skip(2);
  const frameNumber = bits.bits(sequence.frameNumberBits);
  const isField = !sequence.isProgressive && bits.flag();
  if (isField) bits.skip(1);
  if (isRefresh) bits.unsigned();
  skipOrder(bits, sequence, picture.hasFieldOrder && !isField);
  if (picture.hasRedundant) bits.unsigned();
  if (type === BIPREDICTED) bits.skip(1);
  if (type !== INTRA) skipReferences(bits, sequence, picture, type);
  const isReference = (firstByte & 0x60) !== 0;
  const commands = isReference ? readMarking(bits, isRefresh) : [];
  if (picture.isArithmetic && type !== INTRA) bits.unsigned();
  bits.signed();
  if (picture.hasDeblocking && bits.unsigned() !== 1) {
    bits.signed();
    bits.signed();
  }
  return { isRefresh, frameNumber, isField, commands, headerBits: bits.position };
}

function skipOrder(bits: BitReader, { pictureOrder }: AvcSequence, hasBoth: boolean): void {
  const { type, countBits, isFixed } = pictureOrder;
  if (type === 0) bits.bits(countBits);
  if ((type === 0 || (type === 1 && !isFixed)) && hasBoth) bits.signed();
  if (type === 1 && !isFixed) bits.signed();
}

/** Which pictures the slice refers to, in which order, and how they are weighted. */
function skipReferences(bits: BitReader, sequence: AvcSequence, picture: AvcPicture, type: number): void {
  const lists = type === BIPREDICTED ? [0, 1] : [0];
  const isSaid = bits.flag();
  const counts = lists.map((list) => (isSaid ? bits.unsigned() + 1 : (picture.references[list] ?? 1)));
  for (const _list of lists) if (bits.flag()) skipOrderOfReferences(bits);
  const isWeighted = type === PREDICTED ? picture.isWeighted : picture.biWeighting === 1;
  if (!isWeighted) return;
  const hasColours = sequence.chromaFormat !== 0 && !sequence.isSeparate;
  bits.unsigned();
  if (hasColours) bits.unsigned();
  const skipWeights = (count: number): void => {
    if (bits.flag()) for (let i = 0; i < count; i++) bits.signed();
  };
  for (const count of counts) {
    for (let i = 0; i < count; i++) {
      skipWeights(2);
      if (hasColours) skipWeights(4);
    }
  }
}

const LAST_MODIFICATION = 3;

function skipOrderOfReferences(bits: BitReader): void {
  while (bits.unsigned() !== LAST_MODIFICATION) bits.unsigned();
}

const FORGET = 1;
const KEEP_LONG = 3;
const FORGET_ALL = 5;

/** dec_ref_pic_marking (7.3.3.3) */
function readMarking(bits: BitReader, isRefresh: boolean): MarkingCommand[] {
  if (isRefresh) bits.skip(2);
  if (isRefresh || !bits.flag()) return [];
  const commands: MarkingCommand[] = [];
  for (;;) {
    const from = bits.position;
    const operation = bits.unsigned();
    if (operation === 0) return commands;
    const isBack = operation === FORGET || operation === KEEP_LONG;
    const back = isBack ? bits.unsigned() + 1 : 0;
    if (operation !== FORGET && operation !== FORGET_ALL) bits.unsigned();
    commands.push({ operation, back, at: [from, bits.position] });
  }
}
