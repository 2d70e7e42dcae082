import { ifReadable } from '../ifReadable.ts';
import { BitReader } from './bitReader.ts';
import { SLICE_HEADER_BYTES } from './codec.ts';
import { payloadOf, unitsIn } from './units.ts';

const TYPE = 31;
const SLICE = 1;
const IDR = 5;
const SUPPLEMENT = 6;
const RECOVERY_POINT = 6;
const INTRA = 2;
/** What stands in front of a picture's first slice: more, and longer, is nothing that an encoder makes. */
const UNITS_MAX = 200;
const SUPPLEMENT_MAX_BYTES = 4_096;
/** In a supplement's types and sizes: more of the number follows. */
const GOES_ON = 255;

/**
 * Whether decoding can begin with a picture of H.264, by what is in it, as ffmpeg's parser tells (h264_parser.c): publishers
 * mark what is none, and leave out what is one. (One that they mark, made of no other and without a word of that, decoders show
 * nothing from, either.)
 * @param sample NAL units behind their lengths; one that is broken is none
 * @param references how many pictures a decoder keeps (`AvcSequence`)
 */
export function isKeyframe(sample: Buffer, lengthBytes: number, references: number): boolean {
  return ifReadable(() => begins(unitsIn(sample, lengthBytes), references)) === true;
}

function begins(units: Iterable<Buffer>, references: number): boolean {
  let isRecovery = false;
  let count = 0;
  for (const unit of units) {
    count += 1;
    if (count > UNITS_MAX) return false;
    const type = (unit[0] ?? 0) & TYPE;
    if (type === IDR) return true;
    if (type === SUPPLEMENT)
      isRecovery ||= isRecoveryPoint(payloadOf(unit.subarray(0, SUPPLEMENT_MAX_BYTES), 1));
    if (type !== SLICE) continue;
    // Of a single picture that is kept nothing is left behind one that is made of no other.
    return isRecovery || (references <= 1 && sliceType(unit) % 5 === INTRA);
  }
  return false;
}

function sliceType(slice: Buffer): number {
  const bits = new BitReader(payloadOf(slice.subarray(0, SLICE_HEADER_BYTES), 1));
  bits.unsigned();
  return bits.unsigned();
}

/** Whether one of its messages says that decoding can begin here (ITU-T H.264, 7.3.2.3 and D.1.8). */
function isRecoveryPoint(payload: Buffer): boolean {
  let at = 0;
  const number = (): number => {
    let sum = 0;
    while (payload[at] === GOES_ON) {
      sum += GOES_ON;
      at += 1;
    }
    sum += payload[at] ?? 0;
    at += 1;
    return sum;
  };
  // Behind the last one stands a bit that is set, and no other.
  while (at + 2 < payload.length) {
    const type = number();
    const bytes = number();
    if (type === RECOVERY_POINT) return bytes > 0;
    at += bytes;
  }
  return false;
}
