import { MediaError } from '../types.ts';

/** Reads the bits and Exp-Golomb numbers of a NAL unit's payload (ITU-T H.264, 7.2 and 9.1). */
export class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  /** @param payload without emulation prevention bytes */
  constructor(payload: Buffer) {
    this.#bytes = payload;
  }

  /** Of the next bit, counted from the payload's first one. */
  get position(): number {
    return this.#at;
  }

  /** @param count at most 32. @throws MediaError past the end */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.#bit();
    return value;
  }

  flag(): boolean {
    return this.#bit() === 1;
  }

  /** Past the end is noticed by who reads next. */
  skip(count: number): this {
    this.#at += count;
    return this;
  }

  /** ue(v). @throws MediaError past the end, or more than 32 bits */
  unsigned(): number {
    let zeros = 0;
    while (this.#bit() === 0) {
      zeros += 1;
      if (zeros > 31) throw new MediaError('an Exp-Golomb number is too long');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v) */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) throw new MediaError('a NAL unit ends in the middle of a field');
    const bit = (byte >> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }
}
