import { sampleOf, wholeUnitsIn } from './units.ts';

/** More is nothing that belongs to a picture; and a source may send nothing else, for ever. */
const KEPT_MAX_BYTES = 64 * 1024;

interface Codec {
  readonly typeOf: (header: number) => number;
  readonly isPicture: (type: number) => boolean;
  readonly delimiter: number;
}

const CODECS: Readonly<Record<string, Codec>> = {
  h264: {
    typeOf: (header) => header & 31,
    isPicture: (type) => (type >= 1 && type <= 5) || (type >= 19 && type <= 21),
    delimiter: 9,
  },
  hevc: { typeOf: (header) => (header >> 1) & 63, isPicture: (type) => type < 32, delimiter: 35 },
};

/**
 * Samples that hold no picture: some publishers send parameter sets, captions and what else is said of a picture, or a
 * delimiter, as a sample of its own, in front of it. To a decoder that is a picture that is missing.
 */
export class Pictureless {
  readonly #codec: Codec | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;

  constructor(codec: string) {
    this.#codec = CODECS[codec];
  }

  /** @returns the sample, with what came in front of it; undefined: it has no picture, and belongs to the next one */
  next(sample: Buffer, lengthBytes: number): Buffer | undefined {
    const codec = this.#codec;
    if (codec === undefined) return sample;
    if (hasPicture(sample, lengthBytes, codec))
      return this.#keptBytes === 0 ? sample : this.#joined(sample, lengthBytes, codec);
    for (const unit of wholeUnitsIn(sample, lengthBytes))
      if (codec.typeOf(unit[0] ?? 0) !== codec.delimiter) this.#keep(unit);
    return undefined;
  }

  /** Something else is sent from here on: it belongs to none of its pictures. */
  forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** The newest are kept. */
  #keep(unit: Buffer): void {
    this.#kept.push(Buffer.from(unit));
    this.#keptBytes += unit.length;
    while (this.#keptBytes > KEPT_MAX_BYTES) this.#keptBytes -= this.#kept.shift()?.length ?? 0;
  }

  #joined(sample: Buffer, lengthBytes: number, { typeOf, delimiter }: Codec): Buffer {
    const kept = this.#kept;
    this.forget();
    const units = wholeUnitsIn(sample, lengthBytes);
    // A delimiter is the first unit of all.
    const front = typeOf(units[0]?.[0] ?? 0) === delimiter ? 1 : 0;
    return sampleOf([...units.slice(0, front), ...kept, ...units.slice(front)], lengthBytes);
  }
}

/** What is damaged may be one. */
function hasPicture(sample: Buffer, lengthBytes: number, { typeOf, isPicture }: Codec): boolean {
  if (sample.length <= lengthBytes) return true;
  for (let at = 0; at < sample.length; ) {
    const from = at + lengthBytes;
    if (from > sample.length) return true;
    const bytes = sample.readUIntBE(at, lengthBytes);
    if (from + bytes > sample.length || (bytes > 0 && isPicture(typeOf(sample[from] ?? 0)))) return true;
    at = from + bytes;
  }
  return false;
}
