import { ifReadable } from '../ifReadable.ts';
import { av1UnitsIn } from './units.ts';

const FRAME_HEADER = 3;
const FRAME = 6;
const SHOWS_EXISTING = 0x80;
/** Two bits, and then whether it is shown. */
const FRAME_TYPE = 0x60;
const IS_SHOWN = 0x10;

/** Whether decoding can begin with a sample of AV1: what it shows is a keyframe, and not one that came before. */
export const isAv1Keyframe = (sample: Buffer): boolean =>
  ifReadable(() => {
    let isKey = false;
    for (const { type, spatialId, payload } of av1UnitsIn(sample)) {
      if ((type !== FRAME && type !== FRAME_HEADER) || spatialId > 0) continue;
      const [first = 0] = payload;
      if ((first & SHOWS_EXISTING) !== 0) isKey = false;
      else if ((first & IS_SHOWN) !== 0) isKey = (first & FRAME_TYPE) === 0;
    }
    return isKey;
  }) === true;
