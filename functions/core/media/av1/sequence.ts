import { BitReader } from '../nal/bitReader.ts';
import type { Size } from '../nal/size.ts';
import { MediaError } from '../types.ts';
import { av1UnitsIn } from './units.ts';

/** AV1CodecConfigurationRecord (AV1 in ISO Base Media File Format, 2.3.3): a mark, a version, and what the sequence says. */
const MARK_AND_VERSION = 0x81;
const RECORD_BYTES = 4;
const SEQUENCE_HEADER = 1;
/** Levels from here on have two tiers. */
const LOWEST_TIERED_LEVEL = 8;

/**
 * How large pictures are, by a configuration record.
 * @throws MediaError it does not say so, or is of a single picture
 */
export function sizeOfAv1Record(record: Buffer): Size {
  if (record[0] !== MARK_AND_VERSION) throw new MediaError('an av1C has another version');
  for (const { type, payload } of av1UnitsIn(record.subarray(RECORD_BYTES)))
    if (type === SEQUENCE_HEADER) return sizeOfSequence(new BitReader(payload));
  throw new MediaError('an av1C has no sequence header');
}

/** sequence_header_obu (AV1 specification, 5.5.1), as far as the size. */
function sizeOfSequence(bits: BitReader): Size {
  // Profile, and whether it is one still picture; of one with less of a header nothing else is told here.
  bits.skip(3 + 1);
  if (bits.flag()) throw new MediaError('a sequence of AV1 is of one picture');
  const delayBits = skipTiming(bits);
  const hasDisplayDelay = bits.flag();
  const points = bits.bits(5) + 1;
  for (let point = 0; point < points; point++) {
    bits.skip(12);
    if (bits.bits(5) >= LOWEST_TIERED_LEVEL) bits.skip(1);
    if (delayBits > 0 && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDisplayDelay && bits.flag()) bits.skip(4);
  }
  const [widthBits, heightBits] = [bits.bits(4) + 1, bits.bits(4) + 1];
  return { width: bits.bits(widthBits) + 1, height: bits.bits(heightBits) + 1 };
}

/** @returns how many bits a decoder's delay has; 0: nothing is said of its model */
function skipTiming(bits: BitReader): number {
  if (!bits.flag()) return 0;
  bits.skip(2 * 32);
  if (bits.flag()) bits.unsigned();
  if (!bits.flag()) return 0;
  const delayBits = bits.bits(5) + 1;
  bits.skip(32 + 5 + 5);
  return delayBits;
}
