import { ifReadable } from '../ifReadable.ts';
import { unitsIn } from './units.ts';

/** What a picture of one of the codecs is, by the type of its NAL units. */
interface PictureKinds {
  readonly typeOf: (unit: Buffer) => number;
  readonly isSlice: (type: number) => boolean;
  /** Decoding can begin with it, and pictures that are shown before it may follow. */
  readonly isOpenEntry: (type: number) => boolean;
  /** Shown before the entry that it follows, it needs nothing of what came before that. */
  readonly isDecodable: (type: number) => boolean;
}

const IDR = 5;
const RADL_N = 6;
const RADL_R = 7;
const FIRST_IDR = 19;
const LAST_IDR = 20;

const KINDS: Readonly<Record<string, PictureKinds>> = {
  // H.264 begins at an I picture that is no IDR, which a recovery point announces (ITU-T H.264, 7.4.1.2.4).
  h264: {
    typeOf: (unit) => (unit[0] ?? 0) & 31,
    isSlice: (type) => type >= 1 && type <= IDR,
    isOpenEntry: (type) => type !== IDR,
    isDecodable: () => false,
  },
  // HEVC begins at a CRA or BLA; of its leading pictures RASL are lost, RADL are not (ITU-T H.265, 7.4.2.2).
  hevc: {
    typeOf: (unit) => ((unit[0] ?? 0) >> 1) & 63,
    isSlice: (type) => type < 32,
    isOpenEntry: (type) => type < FIRST_IDR || type > LAST_IDR,
    isDecodable: (type) => type === RADL_N || type === RADL_R,
  },
};

/**
 * The pictures at the beginning of a file, or after a gap, that nobody can decode: where decoding begins at the keyframe of
 * an open GOP, those that are shown before it refer to the GOP before. Broadcast encoders make such ones. Left out of the
 * file they leave no gap that is longer than they are; shown, they are damaged.
 */
export class LeadingPictures {
  readonly #kinds: PictureKinds | undefined;
  readonly #lengthBytes: number;
  #entryShownAt = Number.NEGATIVE_INFINITY;

  /**
   * @param codec as ffprobe names it; others than H.264 and HEVC have no such pictures
   * @param lengthBytes of the length in front of each NAL unit of a sample
   */
  constructor(codec: string, lengthBytes = 4) {
    this.#kinds = KINDS[codec];
    this.#lengthBytes = lengthBytes;
  }

  /**
   * Whether decoding that begins at this keyframe leaves out something that was sent: a cut at another one is better.
   * @param sample of a keyframe
   */
  isOpenEntry(sample: Buffer): boolean {
    const type = this.#sliceType(sample);
    return type !== undefined && this.#kinds?.isOpenEntry(type) === true;
  }

  /** Decoding begins at this keyframe. @param shownAt in any unit, the same for all samples */
  begin(sample: Buffer, shownAt: number): void {
    this.#entryShownAt = this.isOpenEntry(sample) ? shownAt : Number.NEGATIVE_INFINITY;
  }

  /** Whether this sample, which follows in decoding order, cannot be decoded since decoding began where it did. */
  isLost(sample: Buffer, shownAt: number): boolean {
    if (shownAt >= this.#entryShownAt) return false;
    const type = this.#sliceType(sample);
    return type !== undefined && this.#kinds?.isDecodable(type) === false;
  }

  /** Of the first slice; all slices of such pictures are alike. Undefined for what has none, or cannot be read. */
  #sliceType(sample: Buffer): number | undefined {
    const kinds = this.#kinds;
    if (kinds === undefined) return undefined;
    return ifReadable(() => {
      for (const unit of unitsIn(sample, this.#lengthBytes)) {
        const type = kinds.typeOf(unit);
        if (kinds.isSlice(type)) return type;
      }
      return undefined;
    });
  }
}
