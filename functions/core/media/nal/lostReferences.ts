import { ifReadable } from '../ifReadable.ts';
import type { TrackDescription } from '../tracks/sample.ts';
import { MediaError } from '../types.ts';
import { h264, parseAvcRecord, parseAvcSequence } from './h264.ts';
import { type AvcSlice, type MarkingCommand, parseAvcPicture, parseAvcSlice } from './h264Slice.ts';
import { payloadOf, unitOf, unitsIn, withoutTrailingZeros } from './units.ts';

/**
 * What a decoder can make of pictures that it begins with, where the first one is a keyframe that does not make it forget
 * all that came before (H.264 without IDR: open GOPs, periodic intra refresh): commands to forget pictures from before the
 * keyframe are taken out of the slices' headers. Nothing is shown differently, and nothing is missed.
 * @param pictures in decoding order, as MP4 has them; what cannot be read stays as it is
 */
export function withoutLostReferences(
  { info, configuration }: Pick<TrackDescription, 'info' | 'configuration'>,
  pictures: readonly Buffer[],
): readonly Buffer[] {
  if (info.codec !== 'h264') return pictures;
  return (
    ifReadable(() => {
      const first = new FirstPictures(configuration);
      return pictures.map((picture) => first.mended(picture));
    }) ?? pictures
  );
}

const SLICE_TYPES: ReadonlySet<number> = new Set([1, 5]);
/** With weights for 32 pictures. */
const HEADER_MAX_BYTES = 2_048;
/** All is forgotten with it. */
const FORGET_ALL = 5;

class FirstPictures {
  readonly #lengthBytes: number;
  readonly #sequences: ReadonlyMap<number, ReturnType<typeof parseAvcSequence>>;
  readonly #pictures: ReadonlyMap<number, ReturnType<typeof parseAvcPicture>>;
  /** Counted on over the end of the counter. */
  #frameNumber: number | undefined;
  #isOver: boolean = false;

  constructor(configuration: Buffer) {
    const { lengthBytes, sps, pps } = parseAvcRecord(configuration);
    this.#lengthBytes = lengthBytes;
    this.#sequences = new Map(sps.map(parseAvcSequence).map((one) => [one.id, one]));
    this.#pictures = new Map(pps.map(parseAvcPicture).map((one) => [one.id, one]));
  }

  /** @throws MediaError it cannot be read */
  mended(picture: Buffer): Buffer {
    if (this.#isOver) return picture;
    const units = [...unitsIn(picture, this.#lengthBytes)];
    const mended = units.map((unit) => this.#mendedUnit(unit));
    if (mended.every((unit, place) => unit === units[place])) return picture;
    return Buffer.concat(
      mended.flatMap((unit) => {
        const length = Buffer.alloc(this.#lengthBytes);
        length.writeUIntBE(unit.length, 0, this.#lengthBytes);
        return [length, unit];
      }),
    );
  }

  #mendedUnit(unit: Buffer): Buffer {
    const [first = 0] = unit;
    if (this.#isOver || !SLICE_TYPES.has(first & 31)) return unit;
    const picture = this.#pictures.get(h264.pictureIdOf(unit));
    const sequence = picture && this.#sequences.get(picture.sequenceId);
    if (picture === undefined || sequence === undefined)
      throw new MediaError('a slice has no parameter sets');
    const slice = parseAvcSlice(first, payloadOf(unit.subarray(0, HEADER_MAX_BYTES), 1), sequence, picture);
    const modulus = 2 ** sequence.frameNumberBits;
    this.#isOver = slice.isRefresh || slice.commands.some(({ operation }) => operation === FORGET_ALL);
    if (this.#isOver) return unit;
    const step = slice.frameNumber - ((this.#frameNumber ?? slice.frameNumber) % modulus);
    this.#frameNumber = (this.#frameNumber ?? slice.frameNumber) + ((step + modulus) % modulus);
    const lost = slice.commands.filter((command) => this.#isLost(command, slice, sequence.references));
    if (lost.length === 0) return unit;
    const headerBits = picture.isArithmetic ? slice.headerBits : undefined;
    return unitOf(unit.subarray(0, 1), withoutCommands(payloadOf(unit, 1), lost, slice.commands, headerBits));
  }

  #isLost({ back }: MarkingCommand, { isField }: AvcSlice, references: number): boolean {
    // For numbers that are missing a decoder makes up pictures of its own, from zero on, as many as it keeps.
    const frames = isField ? Math.floor(back / 2) : back;
    return frames > references || frames > (this.#frameNumber ?? 0);
  }
}

/**
 * @param lost of all commands of the slice
 * @param headerBits of a slice whose data begin with a byte; undefined: they follow bit by bit
 */
function withoutCommands(
  payload: Buffer,
  lost: readonly MarkingCommand[],
  all: readonly MarkingCommand[],
  headerBits: number | undefined,
): Buffer {
  const ranges = lost.map(({ at }) => at);
  const [first, last] = [all[0]?.at[0] ?? 0, all.at(-1)?.at[1] ?? 0];
  // Where none is left, the bit in front of them and the one that ends them become one: there are none.
  const isEmpty = lost.length === all.length;
  if (isEmpty) ranges.push([first - 1, first]);
  const bits: number[] = [];
  for (let at = 0; at < (headerBits ?? 8 * payload.length); at++) {
    if (ranges.some(([from, until]) => at >= from && at < until)) continue;
    bits.push(isEmpty && at === last ? 0 : ((payload[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
  }
  if (headerBits === undefined) return withoutTrailingZeros(bytesOf(bits, 0));
  return Buffer.concat([bytesOf(bits, 1), payload.subarray(Math.ceil(headerBits / 8))]);
}

/** @param fill of the last byte */
function bytesOf(bits: readonly number[], fill: 0 | 1): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8), 255 * fill);
  for (const [at, bit] of bits.entries())
    if (bit !== fill) bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (128 >> (at & 7));
  return bytes;
}
