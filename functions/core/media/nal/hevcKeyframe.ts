import { ifReadable } from '../ifReadable.ts';
import { unitsIn } from './units.ts';

/** Types of pictures: 16 to 23 are intra random access points. */
const FIRST_RANDOM_ACCESS = 16;
const LAST_RANDOM_ACCESS = 23;
const FIRST_OTHER = 32;

/**
 * Whether decoding can begin with a picture of HEVC, by what is in it, as ffmpeg's parser tells (hevc_parser.c).
 * @param sample NAL units behind their lengths; one that is broken is none
 */
export const isHevcKeyframe = (sample: Buffer, lengthBytes: number): boolean =>
  ifReadable(() => {
    for (const unit of unitsIn(sample, lengthBytes)) {
      const type = ((unit[0] ?? 0) >> 1) & 63;
      if (type < FIRST_OTHER) return type >= FIRST_RANDOM_ACCESS && type <= LAST_RANDOM_ACCESS;
    }
    return false;
  }) === true;
