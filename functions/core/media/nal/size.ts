import { ifReadable } from '../ifReadable.ts';
import { MediaError } from '../types.ts';
import type { BitReader } from './bitReader.ts';

/** How a sequence codes its colours. */
export interface Colours {
  /** chroma_format_idc: 0 grey, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaFormat: number;
  /** Three planes, coded as three pictures. */
  readonly isSeparate: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Level 6.2 allows 16,888 pixels; more is damage. */
const SIDE_MAX = 32_768;

/**
 * Reads the cropping rectangle, which H.264 and HEVC have alike. @returns what is left of the coded picture
 * @param fieldsPerFrame 2 where heights are counted in fields
 * @throws MediaError a size that no video has
 */
export function readCropped(bits: BitReader, coded: Size, colours: Colours, fieldsPerFrame: 1 | 2): Size {
  const [left, right, top, bottom] = bits.flag()
    ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()]
    : [0, 0, 0, 0];
  const sampledAs = colours.isSeparate ? 0 : colours.chromaFormat;
  const unitX = sampledAs === 1 || sampledAs === 2 ? 2 : 1;
  const unitY = (sampledAs === 1 ? 2 : 1) * fieldsPerFrame;
  const width = coded.width - unitX * (left + right);
  const height = coded.height - unitY * (top + bottom);
  const isPossible = (side: number): boolean => side >= 1 && side <= SIDE_MAX;
  if (!isPossible(width) || !isPossible(height)) throw new MediaError(`a video of ${width}x${height}`);
  return { width, height };
}

/** How wide a pixel is, and how high; 0 and 0 where nothing is said of it. */
export interface PixelShape {
  readonly pixelWidth: number;
  readonly pixelHeight: number;
}

const UNSAID: PixelShape = { pixelWidth: 0, pixelHeight: 0 };
/** Shapes that have a number (ITU-T H.264, table E-1), from 1 on. */
const SHAPES: readonly (readonly [number, number])[] = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];
const EXTENDED_SHAPE = 255;

/** Reads how the usability information begins, which stands behind the cropping. What is cut off there says nothing. */
export const readPixelShape = (bits: BitReader): PixelShape =>
  ifReadable(() => {
    if (!bits.flag() || !bits.flag()) return UNSAID;
    const number = bits.bits(8);
    const [pixelWidth, pixelHeight] =
      number === EXTENDED_SHAPE ? [bits.bits(16), bits.bits(16)] : (SHAPES[number - 1] ?? [0, 0]);
    return { pixelWidth, pixelHeight };
  }) ?? UNSAID;
