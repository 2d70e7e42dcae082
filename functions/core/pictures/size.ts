import type { TrackDescription } from '../media/tracks/sample.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of a picture by itself, and of one in a storyboard: width and height at most. */
const PICTURE_MAX = 1_280;
const TILE_MAX = 160;
const LEAST = 16;
/** Pixels that are no squares are so far from it at most. */
const PIXEL_RATIO_MAX = 4;

/** As a picture is shown, and no larger than it was made. */
export const pictureSize = (description: ShownAs): Size => fitted(description, PICTURE_MAX);
export const tileSize = (description: ShownAs): Size => fitted(description, TILE_MAX);

type ShownAs = Pick<TrackDescription, 'info' | 'pixelWidth' | 'pixelHeight'>;

/** JPEG halves the colours' width and height: even ones. */
function fitted({ info, pixelWidth, pixelHeight }: ShownAs, max: number): Size {
  const ratio = Math.min(PIXEL_RATIO_MAX, Math.max(1 / PIXEL_RATIO_MAX, pixelWidth / pixelHeight));
  const width = Math.max(1, info.width ?? max) * ratio;
  const height = Math.max(1, info.height ?? max);
  const scale = Math.min(1, max / Math.max(width, height));
  const even = (length: number): number => Math.max(LEAST, 2 * Math.round((length * scale) / 2));
  return { width: even(width), height: even(height) };
}
