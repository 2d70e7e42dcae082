import { MediaError } from '../types.ts';

/** Reads NUT's fields one after the other. Past the end it gives zeros, and `isShort` is set. */
export class NutCursor {
  #bytes: Buffer;
  #at: number;
  #isShort: boolean = false;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Reads something else from its beginning on. */
  begin(bytes: Buffer): this {
    this.#bytes = bytes;
    this.#at = 0;
    this.#isShort = false;
    return this;
  }

  get at(): number {
    return this.#at;
  }

  /** There were fewer bytes than what has been read. */
  get isShort(): boolean {
    return this.#isShort;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    if (byte === undefined) this.#isShort = true;
    return byte ?? 0;
  }

  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    if (taken.length < length) this.#isShort = true;
    return taken;
  }

  /** A number of variable length, seven bits in each byte. @throws MediaError what JavaScript cannot hold */
  v(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (value > Number.MAX_SAFE_INTEGER) throw new MediaError('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  /** The same, of 64 bits at most. @throws MediaError a longer one */
  large(): bigint {
    // Most of each is a plain number: a BigInt for each of its bytes would be half of what a packet costs.
    let high = 0;
    for (let length = 1; length <= EXACT_BYTES; length++) {
      const byte = this.byte();
      high = high * 128 + (byte & 0x7f);
      if (byte < 0x80) return BigInt(high);
    }
    let low = 0;
    for (let length = 1; length <= LARGE_MAX_BYTES - EXACT_BYTES; length++) {
      const byte = this.byte();
      low = low * 128 + (byte & 0x7f);
      if (byte < 0x80) return (BigInt(high) << BigInt(7 * length)) + BigInt(low);
    }
    throw new MediaError('a number has no end');
  }

  /** A number with a sign. @throws MediaError what JavaScript cannot hold */
  s(): number {
    const value = this.v() + 1;
    return (value & 1) === 1 ? -Math.floor(value / 2) : Math.floor(value / 2);
  }

  /** Bytes behind their length. @throws MediaError */
  bytes(): Buffer {
    return this.take(this.v());
  }
}

const LARGE_MAX_BYTES = 10;
/** Of seven bits: a number holds them. */
const EXACT_BYTES = 7;
