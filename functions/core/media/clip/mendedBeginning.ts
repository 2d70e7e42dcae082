import type { InitSegment } from '../mp4/initSegment.ts';
import { videoEntryOf } from '../mp4/sameSetup.ts';
import { withoutLostReferences } from '../nal/lostReferences.ts';
import { isBehind, type PieceTrack } from './assembledTrack.ts';
import type { Choice } from './choice.ts';
import type { TimedSample } from './trackCut.ts';

/** So many pictures after the keyframe tell of those before it: a decoder keeps 16 at most. */
const PICTURES_MAX = 64;

export interface MendedBeginning {
  readonly tracks: readonly PieceTrack[];
  readonly media: Buffer;
}

/**
 * A piece that begins in the middle of a part, as a decoder can begin with it: of H.264's open GOPs the commands to forget pictures
 * from before the keyframe are taken out (../nal/lostReferences.ts). A picture that becomes shorter stays where it is, and
 * idle bytes follow it.
 * @param media of the record, from the choice's first byte on, as far as it was read
 */
export function mendedBeginning(init: InitSegment, choice: Choice, media: Buffer): MendedBeginning {
  const mended = Buffer.from(media);
  const mendedTrack = (one: PieceTrack): PieceTrack => {
    const own = init.tracks.find(({ id }) => id === one.track.id);
    const configuration = own && videoEntryOf(own)?.record;
    if (own === undefined || configuration === undefined) return one;
    const dataOf = ({ offset, bytes }: TimedSample): Buffer =>
      media.subarray(offset - choice.fromByte, offset - choice.fromByte + bytes);
    const samples = firstPictures(one, choice.fromByte + media.length);
    const pictures = samples.map(dataOf);
    const found = withoutLostReferences({ info: own.info, configuration }, pictures);
    const sizes = new Map<number, number>();
    for (const [place, sample] of samples.entries()) {
      const data = found[place];
      if (data === undefined || data === pictures[place] || data.length > sample.bytes) continue;
      data.copy(mended, sample.offset - choice.fromByte);
      sizes.set(sample.number, data.length);
    }
    return sizes.size === 0 ? one : { ...one, samples: () => resized(one.samples(), sizes) };
  };
  return { tracks: choice.tracks.map(mendedTrack), media: mended };
}

/** As they are decoded, but for those that the piece leaves out. @param endByte as far as they can be seen */
function firstPictures({ selection, samples }: PieceTrack, endByte: number): TimedSample[] {
  const found: TimedSample[] = [];
  for (const sample of samples()) {
    const { number, offset, bytes } = sample;
    if (number < selection.first) continue;
    if (number > selection.last || offset + bytes > endByte || found.length >= PICTURES_MAX) break;
    if (!isBehind(sample, found[0]?.startMs ?? sample.startMs, selection)) found.push(sample);
  }
  return found;
}

/** @param sizes of some, by their numbers; what comes behind a shorter one does not follow it at once */
function* resized(
  samples: Iterable<TimedSample>,
  sizes: ReadonlyMap<number, number>,
): Generator<TimedSample> {
  let isApart: boolean = false;
  for (const sample of samples) {
    const bytes = sizes.get(sample.number) ?? sample.bytes;
    yield isApart || bytes !== sample.bytes
      ? { ...sample, bytes, startsRun: sample.startsRun || isApart }
      : sample;
    isApart = bytes !== sample.bytes;
  }
}
