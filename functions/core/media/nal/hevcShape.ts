import { MediaError } from '../types.ts';
import type { BitReader } from './bitReader.ts';

const SETS_MAX = 64;
/** Of a set: a decoder keeps 16 pictures. */
const PICTURES_MAX = 16;
const LONG_TERM_MAX = 32;

/**
 * Skips what stands in an SPS of HEVC between the bit depths and the usability information (ITU-T H.265, 7.3.2.2).
 * @throws MediaError it is damaged
 */
export function skipToUsability(bits: BitReader, subLayers: number): void {
  const orderBits = bits.unsigned() + 4;
  const layers = bits.flag() ? subLayers + 1 : 1;
  // Sizes of what is kept, of each layer; then those of coding and transform blocks.
  skipNumbers(bits, 3 * layers + 6);
  if (bits.flag() && bits.flag()) skipScalingLists(bits);
  bits.skip(2);
  if (bits.flag()) {
    bits.skip(8);
    skipNumbers(bits, 2);
    bits.skip(1);
  }
  skipReferenceSets(bits);
  if (bits.flag()) bits.skip(countOf(bits, LONG_TERM_MAX) * (orderBits + 1));
  bits.skip(2);
}

function skipNumbers(bits: BitReader, count: number): void {
  for (let i = 0; i < count; i++) bits.unsigned();
}

function countOf(bits: BitReader, most: number): number {
  const count = bits.unsigned();
  if (count > most) throw new MediaError('an SPS has more pictures than are kept');
  return count;
}

/** scaling_list_data (7.3.4) */
function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      const isListed = bits.flag();
      const count = isListed ? Math.min(64, 1 << (4 + 2 * size)) + (size > 1 ? 1 : 0) : 1;
      // Signed or not, they are as long.
      skipNumbers(bits, count);
    }
  }
}

/** All of st_ref_pic_set (7.3.7): each may be told by the one before it, so that those must be known. */
function skipReferenceSets(bits: BitReader): void {
  let before: readonly number[] = [];
  const sets = countOf(bits, SETS_MAX);
  for (let set = 0; set < sets; set++)
    before = set > 0 && bits.flag() ? derivedSet(bits, before) : listedSet(bits);
}

/** @returns how far away its pictures are: those before it, from the next one on, then those behind it */
function listedSet(bits: BitReader): readonly number[] {
  const counts = [countOf(bits, PICTURES_MAX), countOf(bits, PICTURES_MAX)];
  return counts.flatMap((count, behind) => {
    let distance = 0;
    return Array.from({ length: count }, () => {
      distance += bits.unsigned() + 1;
      bits.skip(1);
      return behind === 0 ? -distance : distance;
    });
  });
}

/** The pictures of the set before, and that set's own, moved. */
function derivedSet(bits: BitReader, before: readonly number[]): readonly number[] {
  const isEarlier = bits.flag();
  const by = bits.unsigned() + 1;
  const moved = [...before, 0].flatMap((distance) => {
    const isUsed = bits.flag() || bits.flag();
    const at = distance + (isEarlier ? -by : by);
    return isUsed && at !== 0 ? [at] : [];
  });
  const earlier = moved.filter((at) => at < 0).sort((one, other) => other - one);
  return [...earlier, ...moved.filter((at) => at > 0).sort((one, other) => one - other)];
}
