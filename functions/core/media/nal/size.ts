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
